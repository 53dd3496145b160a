import { afterEach, describe, expect, it, vi } from "vitest";
import { type Credential, cachedToken, createCredential } from "../../src/http/token.ts";
import type { TokenRequest } from "../../src/http/types.ts";

const call = () => Promise.reject(new Error("not called here"));
const ask = (refused?: string): TokenRequest => ({ refused, call });

/** What a credential gives, at once or later. */
const given = async (token: ReturnType<Credential["current"]>): Promise<string> =>
  typeof token === "string" ? token : await token.join(undefined);

/** A token function that counts its questions and answers `t1`, `t2`, ... a moment later. */
function counting() {
  const asked: (string | undefined)[] = [];
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
    expect(credential.renew("fixed")).toBe("fixed");
  });

  it("gives at once what the function has at hand", () => {
    expect(createCredential("acme", () => "now", call).current()).toBe("now");
  });

  it("asks once for all who need a token at the same time, and again later", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);

    const together = await Promise.all([given(credential.current()), given(credential.current())]);
    const later = await given(credential.current());

    expect([...together, later]).toEqual(["t1", "t1", "t2"]);
    expect(asked).toEqual([undefined, undefined]);
  });

  it("renews once for all whose token was refused, also for one that hears of it late", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);
    const renew = () => given(credential.renew("old"));

    const together = await Promise.all([renew(), renew()]);
    const late = await renew();

    expect([...together, late]).toEqual(["t1", "t1", "t1"]);
    expect(asked).toEqual(["old"]);
  });

  it("renews again when the renewed token is refused in its turn", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);

    await given(credential.renew("old"));
    const second = await given(credential.renew("t1"));

    expect(second).toBe("t2");
    expect(asked).toEqual(["old", "t1"]);
  });

  it.each([
    ["at once", (text: string) => text],
    ["later", async (text: string) => text],
  ])(
    "does not give a renewed token again once the function gives a newer one %s",
    async (_, how) => {
      const texts = ["t1", "t2", "t3"];
      const credential = createCredential("acme", () => how(texts.shift() ?? "none"), call);
      await given(credential.renew("old"));
      await given(credential.current());

      expect(await given(credential.renew("t2"))).toBe("t3");
    },
  );

  it("does not give a renewed token for ever that was refused too", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);
    await given(credential.renew("old"));

    credential.forget("t1");

    expect(await given(credential.renew("old"))).toBe("t2");
    expect(asked).toEqual(["old", "old"]);
  });

  it("gives the token that is on its way instead of asking for the old one", async () => {
    const { token, asked } = counting();
    const credential = createCredential("acme", token, call);

    const renewing = given(credential.renew("old"));

    expect(await given(credential.current())).toBe(await renewing);
    expect(asked).toEqual(["old"]);
  });

  it("cuts a question when the last who waits for it has gone, and leaves no rejection behind", async () => {
    const signals: AbortSignal[] = [];
    const token = async ({ signal }: TokenRequest): Promise<string> => {
      if (signal) signals.push(signal);
      await new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason)),
      );
      return "never";
    };
    const credential = createCredential("acme", token, call);
    const [one, other] = [new AbortController(), new AbortController()];
    const waits = [one, other].map(({ signal }) => {
      const flight = credential.current();
      return typeof flight === "string" ? flight : flight.join(signal).catch(() => "gone");
    });

    one.abort();
    expect(await waits[0]).toBe("gone");
    expect(signals[0]?.aborted).toBe(false);
    other.abort();
    expect(await waits[1]).toBe("gone");
    expect(signals[0]?.aborted).toBe(true);

    void credential.current();
    expect(signals).toHaveLength(2);
  });

  it("asks again after a failure, which all who waited hear of", async () => {
    const failure = new Error("vault down");
    const token = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(failure)
      .mockResolvedValue("t");
    const credential = createCredential("acme", token, call);

    const both = await Promise.allSettled([
      given(credential.current()),
      given(credential.current()),
    ]);
    const renewed = await given(credential.renew("old"));

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

    await expect(given(credential.renew("old"))).rejects.toThrow();

    await expect(given(credential.renew("old"))).resolves.toBe("t");
  });

  it("gives up a question that nobody answers, and asks anew", async () => {
    vi.useFakeTimers();
    const token = vi
      .fn<() => Promise<string>>()
      .mockReturnValueOnce(new Promise(() => undefined))
      .mockResolvedValue("t");
    const credential = createCredential("acme", token, call);
    const hanging = given(credential.current()).catch((error: unknown) => error);

    await vi.advanceTimersByTimeAsync(30_000);

    expect(await hanging).toMatchObject({ code: "timeout", retryable: true, operation: "token" });
    await expect(given(credential.current())).resolves.toBe("t");
  });

  it.each([
    ["a\r\nb: c", "must be text of printable characters in one line, or a function"],
    [" t", "must be text of printable characters in one line, or a function"],
    ["日本", "must be text of printable characters in one line, or a function"],
    [5, "must be text of printable characters in one line, or a function"],
    ["", "is empty; is the environment variable set?"],
    [undefined, "is missing (undefined); is the environment variable set?"],
    [null, "is missing (null); is the environment variable set?"],
  ])("refuses the token %j without repeating it", async (odd, rule) => {
    const credential = createCredential("acme", async () => odd as string, call);

    await expect(given(credential.current())).rejects.toMatchObject({
      code: "config",
      message: `acme: the token ${rule}`,
    });
  });
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

    await expect(token(ask("t1"))).resolves.toBe("t2");
    expect(token(ask())).toBe("t2");
    // A late refusal of the old one says nothing of the new one.
    expect(token(ask("t1"))).toBe("t2");
  });

  it("asks again after a failure", async () => {
    const fetchToken = grant().mockRejectedValueOnce(new Error("down"));
    const token = cachedToken(fetchToken);

    await expect(token(ask())).rejects.toThrow("down");

    await expect(token(ask())).resolves.toBe("t1");
  });
});
