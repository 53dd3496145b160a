import { afterEach, describe, expect, it, vi } from "vitest";
import { cachedToken, createCredential } from "../../src/http/token.ts";
import type { TokenRequest } from "../../src/http/types.ts";

const call = () => Promise.reject(new Error("not called here"));
const ask = (refused = false): TokenRequest => ({ refused, call });

/** A token function that counts its questions and answers `t1`, `t2`, ... a moment later. */
function counting() {
  const asked: boolean[] = [];
  const token = async ({ refused }: TokenRequest): Promise<string> => {
    asked.push(refused);
    const text = `t${asked.length}`;
    await Promise.resolve();
    return text;
  };
  return { token, asked };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("createCredential", () => {
  it("gives a fixed text at once, and cannot renew it", async () => {
    const credential = createCredential("acme", "fixed", call);

    expect(credential.current()).toBe("fixed");
    expect(credential.renewable).toBe(false);
    expect(credential.renewals()).toBe(0);
    await expect(credential.renew(0)).resolves.toBe("fixed");
  });

  it("gives at once what the function has at hand", () => {
    expect(createCredential("acme", () => "now", call).current()).toBe("now");
  });

  it("asks once for all who need a token at the same time, and again later", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);

    const together = await Promise.all([credential.current(), credential.current()]);
    const later = await credential.current();

    expect([...together, later]).toEqual(["t1", "t1", "t2"]);
    expect(asked).toEqual([false, false]);
  });

  it("renews once for all whose token was refused, also for one that hears of it late", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);
    const seen = credential.renewals();

    const together = await Promise.all([credential.renew(seen), credential.renew(seen)]);
    const late = await credential.renew(seen);

    expect([...together, late]).toEqual(["t1", "t1", "t1"]);
    expect(asked).toEqual([true]);
  });

  it("renews again when the renewed token is refused in its turn", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);

    await credential.renew(credential.renewals());
    const second = await credential.renew(credential.renewals());

    expect(second).toBe("t2");
    expect(asked).toEqual([true, true]);
  });

  it("gives the token that is on its way instead of asking for the old one", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);

    const renewing = credential.renew(credential.renewals());

    await expect(credential.current()).resolves.toBe(await renewing);
    expect(asked).toEqual([true]);
  });

  it("asks again after a failure, which all who waited hear of", async () => {
    const failure = new Error("vault down");
    const token = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(failure)
      .mockResolvedValue("t");
    const credential = createCredential("acme", token, call);

    const both = await Promise.allSettled([credential.current(), credential.current()]);
    const renewed = await credential.renew(0);

    expect(both.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(renewed).toBe("t");
    expect(token).toHaveBeenCalledTimes(2);
  });

  it("renews anew after a renewal that failed", async () => {
    const token = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new Error())
      .mockResolvedValue("t");
    const credential = createCredential("acme", token, call);

    await expect(credential.renew(0)).rejects.toThrow();

    await expect(credential.renew(0)).resolves.toBe("t");
  });

  it("gives up a question that nobody answers, and asks anew", async () => {
    vi.useFakeTimers();
    const token = vi
      .fn<() => Promise<string>>()
      .mockReturnValueOnce(new Promise(() => undefined))
      .mockResolvedValue("t");
    const credential = createCredential("acme", token, call);
    const hanging = Promise.resolve(credential.current()).catch((error: unknown) => error);

    await vi.advanceTimersByTimeAsync(30_000);

    expect(await hanging).toMatchObject({ code: "timeout", retryable: true, operation: "token" });
    await expect(credential.current()).resolves.toBe("t");
  });

  it.each([["a\r\nb: c"], [""], [" t"], ["日本"], [undefined], [5]])(
    "refuses the token %j without repeating it",
    async (given) => {
      const credential = createCredential("acme", async () => given as string, call);

      await expect(credential.current()).rejects.toMatchObject({
        code: "config",
        message: "acme: the token must be text of printable characters in one line, or a function",
      });
    },
  );
});

describe("cachedToken", () => {
  const grant = (expiresInMs?: number) => {
    let count = 0;
    return vi.fn(async () => {
      count += 1;
      return { token: `t${count}`, expiresInMs };
    });
  };

  it("asks once for all who need a token, and then gives it at once", async () => {
    const fetchToken = grant(3_600_000);
    const token = cachedToken(fetchToken);

    const together = await Promise.all([token(ask()), token(ask())]);

    expect(together).toEqual(["t1", "t1"]);
    expect(token(ask())).toBe("t1");
    expect(fetchToken).toHaveBeenCalledTimes(1);
  });

  it("asks again shortly before the token ends", async () => {
    vi.useFakeTimers();
    const token = cachedToken(grant(100_000), { marginMs: 10_000 });
    await token(ask());

    vi.advanceTimersByTime(89_999);
    expect(token(ask())).toBe("t1");
    vi.advanceTimersByTime(1);

    await expect(token(ask())).resolves.toBe("t2");
  });

  it("uses a short-lived token for half of its life at least", async () => {
    vi.useFakeTimers();
    const token = cachedToken(grant(10_000));
    await token(ask());

    vi.advanceTimersByTime(4_999);
    expect(token(ask())).toBe("t1");
    vi.advanceTimersByTime(1);

    await expect(token(ask())).resolves.toBe("t2");
  });

  it("counts the life of a token from the moment it was asked for", async () => {
    vi.useFakeTimers();
    const fetchToken = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      return { token: "t", expiresInMs: 100_000 };
    };
    const token = cachedToken(fetchToken, { marginMs: 0 });
    const first = token(ask());
    await vi.advanceTimersByTimeAsync(60_000);
    await first;

    vi.advanceTimersByTime(39_999);
    expect(token(ask())).toBe("t");
    vi.advanceTimersByTime(1);

    expect(token(ask())).toBeInstanceOf(Promise);
  });

  it("keeps a token without an end until it is refused", async () => {
    vi.useFakeTimers();
    const token = cachedToken(grant());
    await token(ask());

    vi.advanceTimersByTime(10 ** 10);
    expect(token(ask())).toBe("t1");

    await expect(token(ask(true))).resolves.toBe("t2");
    expect(token(ask())).toBe("t2");
  });

  it("asks again after a failure", async () => {
    const fetchToken = grant().mockRejectedValueOnce(new Error("down"));
    const token = cachedToken(fetchToken);

    await expect(token(ask())).rejects.toThrow("down");

    await expect(token(ask())).resolves.toBe("t1");
  });
});
