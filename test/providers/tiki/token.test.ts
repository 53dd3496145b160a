import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  authorizationCode,
  authorizeUrl,
  clientCredentials,
  refreshToken,
  type Token,
  tiki,
} from "../../../src/providers/tiki/index.ts";
import { oddValues } from "../../http/odd-values.ts";
import { mark, Witness } from "../../secrets/support.ts";
import grant from "./fixtures/assumed-token.json" with { type: "json" };
import { type ScriptedAnswer, script } from "./script.ts";

const app = { clientId: "id", clientSecret: "a secret" };
const retry = { minDelayMs: 0, maxDelayMs: 0 };
const code = { ...app, code: "a-code", redirectUri: "https://example.com/tiki" };

/** A client that uses the token; `list` makes one call with it. */
function using(token: Token, ...answers: readonly ScriptedAnswer[]) {
  const { fetch, requests } = script(...answers);
  const shop = tiki({ token, fetch, retry });
  return { list: () => shop.queues.list(), requests };
}

function granted(access_token: string, refresh_token?: string) {
  return { ...grant, access_token, refresh_token };
}

function refused(status = 401): Response {
  return Response.json({ errors: ["token expired"] }, { status });
}

describe("client credentials", () => {
  it("are proved with a Basic header unless told otherwise", async () => {
    const { list, requests } = using(clientCredentials(app), grant, []);

    await list();

    expect(requests).toStrictEqual([
      {
        method: "POST",
        url: "https://api.tiki.vn/sc/oauth2/token",
        authorization: `Basic ${btoa("id:a%20secret")}`,
        body: { grant_type: "client_credentials", client_id: "id" },
      },
      {
        method: "GET",
        url: "https://api.tiki.vn/integration/v1/queues",
        authorization: "Bearer an-access-token",
        body: null,
      },
    ]);
  });

  it("are proved in the form where the app is set so, with scopes and at another address", async () => {
    const token = clientCredentials({
      ...app,
      authentication: "post",
      scope: "order product",
      tokenUrl: "http://127.0.0.1:9/token",
    });
    const { list, requests } = using(token, grant, []);

    await list();

    expect(requests[0]).toStrictEqual({
      method: "POST",
      url: "http://127.0.0.1:9/token",
      authorization: null,
      body: {
        grant_type: "client_credentials",
        client_id: "id",
        client_secret: "a secret",
        scope: "order product",
      },
    });
  });

  it("give one token to all callers, until shortly before it ends", async () => {
    vi.useFakeTimers();
    const { list, requests } = using(clientCredentials(app), grant, [], [], granted("second"), []);

    await Promise.all([list(), list()]);
    vi.setSystemTime(Date.now() + 3_590_000);
    await list();
    vi.useRealTimers();

    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([
      expect.stringContaining("Basic"),
      "Bearer an-access-token",
      "Bearer an-access-token",
      expect.stringContaining("Basic"),
      "Bearer second",
    ]);
  });

  it("give a new token after a 401, and the call goes on", async () => {
    const { list, requests } = using(
      clientCredentials(app),
      { ...grant, expires_in: undefined },
      refused(),
      granted("second"),
      [],
    );

    expect(await list()).toStrictEqual([]);
    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([
      expect.stringContaining("Basic"),
      "Bearer an-access-token",
      expect.stringContaining("Basic"),
      "Bearer second",
    ]);
  });

  it("that are refused twice are an auth error, without a further try", async () => {
    const { list, requests } = using(
      clientCredentials(app),
      grant,
      refused(),
      granted("second"),
      refused(),
    );

    await expect(list()).rejects.toMatchObject({ code: "auth", retryable: false, status: 401 });
    expect(requests).toHaveLength(4);
  });

  it("are asked for again when the token endpoint fails", async () => {
    const { list, requests } = using(clientCredentials(app), refused(503), grant, []);

    await list();

    expect(requests).toHaveLength(3);
  });
});

describe("a refusal of the token endpoint", () => {
  it.each([
    ["400 invalid_grant", Response.json({ error: "invalid_grant" }, { status: 400 })],
    ["401 invalid_client", Response.json({ error: "invalid_client" }, { status: 401 })],
    ["401 without a body", new Response(null, { status: 401 })],
    ["200 with an error", { error: "invalid_client", status_code: 400 }],
  ])("by %s is an auth error of the operation token", async (_name, answer) => {
    const { list, requests } = using(clientCredentials(app), answer);

    await expect(list()).rejects.toMatchObject({
      code: "auth",
      retryable: false,
      provider: "tiki",
      operation: "token",
    });
    expect(requests).toHaveLength(1);
  });

  it("holds no secret, also where Tiki repeats it", async () => {
    const answer = Response.json(
      { error: "invalid_grant", error_description: "rt-1 and a secret are wrong" },
      { status: 400 },
    );
    const token = refreshToken({
      ...app,
      authentication: "post",
      refreshToken: "rt-1",
      onRefresh: () => undefined,
    });
    const { list } = using(token, answer);

    const error = await list().catch((caught: unknown) => caught);

    expect(error).toMatchObject({
      code: "auth",
      message: expect.stringContaining("invalid_grant: [redacted] and [redacted] are wrong"),
    });
    const printed = `${JSON.stringify(error)} ${String((error as Error).stack)}`;
    expect(printed).not.toMatch(/rt-1|a secret/);
  });

  it("is a schema error where the answer has no token, and shows none of it", async () => {
    const { list } = using(clientCredentials(app), { access_token: "", refresh_token: "rt-9" });

    const error = await list().catch((caught: unknown) => caught);

    expect(error).toMatchObject({ code: "schema", operation: "token", path: "access_token" });
    expect(String(error)).not.toContain("rt-9");
  });
});

describe("an authorisation code", () => {
  it("is exchanged once, and its refresh token is used afterwards", async () => {
    const stored: string[] = [];
    const token = authorizationCode({ ...code, onRefresh: (newest) => void stored.push(newest) });
    const { list, requests } = using(
      token,
      granted("first", "rt-1"),
      [],
      refused(),
      granted("second", "rt-2"),
      [],
    );

    await list();
    await list();

    expect(requests[0]?.body).toStrictEqual({
      grant_type: "authorization_code",
      code: "a-code",
      redirect_uri: "https://example.com/tiki",
      client_id: "id",
    });
    expect(requests[3]?.body).toStrictEqual({
      grant_type: "refresh_token",
      refresh_token: "rt-1",
      client_id: "id",
    });
    expect(requests[4]?.authorization).toBe("Bearer second");
    expect(stored).toStrictEqual(["rt-1", "rt-2"]);
  });

  it("without the scope offline ends with its token", async () => {
    const { list, requests } = using(authorizationCode(code), granted("first"), [], refused());

    await list();

    await expect(list()).rejects.toMatchObject({
      code: "auth",
      message: expect.stringContaining("the seller must authorise again"),
    });
    expect(requests).toHaveLength(3);
  });

  it("is not sent again when the outcome of the exchange is open", async () => {
    const { list, requests } = using(authorizationCode(code), refused(500));

    await expect(list()).rejects.toMatchObject({ code: "transport", operation: "token" });
    expect(requests).toHaveLength(1);
  });
});

describe("a refresh token", () => {
  it("has its successor stored before the new access token is used", async () => {
    const sentWhenStored: number[] = [];
    const onRefresh = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      sentWhenStored.push(requests.length);
    };
    const { list, requests } = using(
      refreshToken({ ...app, refreshToken: "rt-1", onRefresh }),
      granted("first", "rt-2"),
      [],
    );

    await list();

    expect(sentWhenStored).toStrictEqual([1]);
    expect(requests).toHaveLength(2);
  });

  it.each([
    ["an empty access token", { access_token: "" }, "schema"],
    ["no access token", { access_token: undefined }, "schema"],
    ["a word of refusal", { error: "invalid_client" }, "auth"],
  ])(
    "is kept first where the answer has %s, and used for the next question",
    async (_, odd, code) => {
      const stored: string[] = [];
      const token = refreshToken({
        ...app,
        refreshToken: "first",
        onRefresh: (each) => void stored.push(each),
      });
      const { list, requests } = using(
        token,
        { ...granted("one", "second"), ...odd },
        granted("two", "third"),
        [],
      );

      await expect(list()).rejects.toMatchObject({ code });
      await list();

      expect(stored).toStrictEqual(["second", "third"]);
      expect(requests[1]?.body).toMatchObject({ refresh_token: "second" });
    },
  );

  it.each([
    ["a text", { expires_in: "3600" }],
    ["no time", { expires_in: "soon" }],
    ["nothing left", { expires_in: 0 }],
    ["an object", { expires_in: {} }],
  ])("is used up once where the scope of time is %s", async (_, odd) => {
    const onRefresh = vi.fn();
    const token = refreshToken({ ...app, refreshToken: "first", onRefresh });
    const { list } = using(token, { ...granted("one", "second"), ...odd }, [], []);

    await list();
    await list();

    expect(onRefresh.mock.calls).toStrictEqual([["second"]]);
  });

  it("is stored and used where who asked has gone before the answer came", async () => {
    const onRefresh = vi.fn();
    const token = refreshToken({ ...app, refreshToken: "first", onRefresh });
    const { fetch, requests } = script(granted("one", "second"), []);
    const gone = new AbortController();
    const shop = tiki({
      token,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        // The server has done it, and whoever waited leaves.
        gone.abort("gone");
        await new Promise((resolve) => setTimeout(resolve, 20));
        init?.signal?.throwIfAborted();
        return answer;
      },
    });

    await expect(shop.queues.list({ signal: gone.signal })).rejects.toBe("gone");
    expect(await shop.queues.list()).toStrictEqual([]);

    expect(onRefresh.mock.calls).toStrictEqual([["second"]]);
    expect(requests).toHaveLength(2);
  });

  it("is never put back by a storing that was left behind and ends late", async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let endLate = (): void => undefined;
    const onRefresh = vi
      .fn<(token: string) => Promise<void>>()
      .mockReturnValueOnce(
        new Promise((resolve) => {
          endLate = resolve;
        }),
      )
      .mockResolvedValue();
    const { fetch, requests } = script(
      granted("one", "second"),
      [],
      refused(),
      granted("two", "third"),
      [],
      refused(),
      granted("three", "fourth"),
      [],
    );
    const shop = tiki({ token: refreshToken({ ...app, refreshToken: "first", onRefresh }), fetch });
    const gone = new AbortController();
    const left = shop.queues.list({ signal: gone.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10);
    gone.abort("gone");
    expect(await left).toBe("gone");
    await vi.advanceTimersByTimeAsync(6_000);

    await shop.queues.list();
    await shop.queues.list();
    endLate();
    await vi.advanceTimersByTimeAsync(10);
    await shop.queues.list();

    const asked = requests.filter(({ url }) => url.endsWith("/token"));
    expect(asked.map(({ body }) => body)).toMatchObject([
      { refresh_token: "first" },
      { refresh_token: "second" },
      { refresh_token: "third" },
    ]);
  });

  it("is asked for with more time than a call has, and not held on to for ever", async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const token = refreshToken({ ...app, refreshToken: "first", onRefresh: () => undefined });
    const signals: AbortSignal[] = [];
    const hangs: typeof globalThis.fetch = (_, init) => {
      if (init?.signal) signals.push(init.signal);
      return new Promise((_resolve, reject) =>
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)),
      );
    };
    const shop = tiki({ token, fetch: hangs, timeoutMs: 1_000, retry: { totalMs: 1_000 } });
    const failed = shop.queues.list().catch((error: unknown) => error);

    await vi.advanceTimersByTimeAsync(1_001);

    expect(await failed).toMatchObject({ code: "timeout" });
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is kept where the token is good for longer than any number", async () => {
    const stored: string[] = [];
    const token = refreshToken({
      ...app,
      refreshToken: "first",
      onRefresh: (each) => void stored.push(each),
    });
    const text = '{"access_token":"one","expires_in":1e400,"refresh_token":"second"}';
    const { list } = using(token, new Response(text), []);

    await list().catch(() => undefined);

    expect(stored).toStrictEqual(["second"]);
  });

  it("that could not be stored is handed over again, and not asked for again", async () => {
    const stored: string[] = [];
    const onRefresh = (newest: string) => {
      stored.push(newest);
      if (stored.length === 1) throw new RangeError(`no room for ${newest}`);
    };
    const { list, requests } = using(
      refreshToken({ ...app, refreshToken: "rt-1", onRefresh }),
      granted("first", "rt-2"),
      [],
    );

    const error = await list().catch((caught: unknown) => caught);
    await list();

    expect(error).toMatchObject({
      code: "auth",
      retryable: true,
      message: "tiki token: onRefresh failed (RangeError); the new token is not used yet",
    });
    expect(JSON.stringify(error)).not.toContain("rt-2");
    expect(stored).toStrictEqual(["rt-2", "rt-2"]);
    expect(requests.map(({ body }) => body)).toMatchObject([{ refresh_token: "rt-1" }, null]);
  });

  it("that could not be stored says so, whatever was thrown", async () => {
    const onRefresh = () => Promise.reject("disk full");
    const token = refreshToken({ ...app, refreshToken: "rt-1", onRefresh });
    const { list } = using(token, granted("first", "rt-2"));

    await expect(list()).rejects.toThrow("tiki token: onRefresh failed (string)");
  });

  it("is refreshed once for all callers whose token was refused", async () => {
    const onRefresh = vi.fn();
    const { list, requests } = using(
      refreshToken({ ...app, refreshToken: "rt-1", onRefresh }),
      granted("first", "rt-2"),
      refused(),
      refused(),
      granted("second", "rt-3"),
      [],
      [],
    );

    await Promise.all([list(), list()]);

    expect(onRefresh.mock.calls).toStrictEqual([["rt-2"], ["rt-3"]]);
    expect(requests.filter(({ url }) => url.endsWith("/token"))).toHaveLength(2);
  });

  it.each(oddValues)(
    "that onRefresh fails to store with %s may be stored later",
    async (_name, make) => {
      const token = refreshToken({
        ...app,
        refreshToken: "rt-1",
        onRefresh: () => Promise.reject(make()),
      });
      const { list } = using(token, granted("first", "rt-2"));

      await expect(list()).rejects.toMatchObject({ code: "auth", retryable: true });
    },
  );

  it("whose storing never ends fails after 30 s, is told, and is handed over again", async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const onRefresh = vi
      .fn<(token: string) => Promise<void>>()
      .mockReturnValueOnce(new Promise(() => undefined))
      .mockResolvedValue();
    const warn = vi.fn();
    const quiet = () => undefined;
    const { fetch } = script(granted("first", "rt-2"), []);
    const token = refreshToken({ ...app, refreshToken: "rt-1", onRefresh });
    const logger = { debug: quiet, info: quiet, warn, error: quiet };
    const shop = tiki({ token, fetch, logger, timeoutMs: 60_000 });
    const first = shop.queues.list().catch((error: unknown) => error);

    await vi.advanceTimersByTimeAsync(31_000);

    expect(await first).toMatchObject({ retryable: true });
    expect(await shop.queues.list()).toEqual([]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("onRefresh failed (no answer)"));
    expect(onRefresh.mock.calls).toEqual([["rt-2"], ["rt-2"]]);
  });

  it("without a successor stays in use", async () => {
    const { list, requests } = using(
      refreshToken({ ...app, refreshToken: "rt-1", onRefresh: () => undefined }),
      granted("first"),
      refused(),
      granted("second"),
      [],
    );

    await list();

    expect(requests[2]?.body).toMatchObject({ refresh_token: "rt-1" });
  });
});

describe("the address of an authorisation", () => {
  const request = {
    clientId: "id",
    redirectUri: "https://example.com/tiki?a=1",
    scope: "offline order",
    state: "12345678",
  };

  it("has all parameters of the documents", () => {
    const url = new URL(authorizeUrl(request));

    expect(url.origin + url.pathname).toBe("https://api.tiki.vn/sc/oauth2/auth");
    expect(Object.fromEntries(url.searchParams)).toStrictEqual({
      response_type: "code",
      client_id: "id",
      redirect_uri: "https://example.com/tiki?a=1",
      scope: "offline order",
      state: "12345678",
    });
  });

  it("may be another one", () => {
    expect(authorizeUrl({ ...request, authUrl: "http://127.0.0.1:9/auth" })).toMatch(
      /^http:\/\/127\.0\.0\.1:9\/auth\?response_type=code&/,
    );
  });

  it("needs a state of at least 8 characters", () => {
    expect(() => authorizeUrl({ ...request, state: "1234567" })).toThrow(
      "tiki authorizeUrl: option `state` must be a text of 8 to 10000 characters",
    );
  });
});

describe("wrong options", () => {
  it.each([
    [clientCredentials, { ...app, clientId: "" }, "`clientId` must be a text of 1"],
    [clientCredentials, { clientId: "id" }, "`clientSecret` is required"],
    [
      clientCredentials,
      { ...app, secret: "x" },
      "`secret` is unknown; known are clientId, clientSecret",
    ],
    [
      clientCredentials,
      { ...app, authentication: "jwt" },
      '`authentication` must be "basic" or "post"',
    ],
    [clientCredentials, { ...app, tokenUrl: "/token" }, "`tokenUrl` must be an absolute URL"],
    [clientCredentials, null, "the options must be an object"],
    [authorizationCode, { ...code, code: undefined }, "`code` is required"],
    [authorizationCode, { ...code, redirectUri: "here" }, "`redirectUri` must be an absolute URL"],
    [
      refreshToken,
      { ...app, refreshToken: "rt-1" },
      "`onRefresh` is required: a function that stores",
    ],
    [refreshToken, { ...app, onRefresh: () => undefined }, "`refreshToken` is required"],
    [authorizeUrl, { state: "12345678", scop: "" }, "`scop` is unknown; did you mean `scope`?"],
  ])("are refused at once: %3$s", (make, options, message) => {
    expect(() => make(options as never)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(message) }),
    );
  });
});

describe("a token endpoint", () => {
  it("is not asked over http:", async () => {
    const { list, requests } = using(
      clientCredentials({ ...app, tokenUrl: "http://token.example" }),
    );

    await expect(list()).rejects.toMatchObject({ code: "config" });
    expect(requests).toEqual([]);
  });
});

describe("a function that fails to store a refresh token", () => {
  it("is told by its name alone", async () => {
    const witness = new Witness();
    const onRefresh = () => {
      throw new Error(`insert into tokens values ('${mark}')`);
    };
    const token = refreshToken({ ...app, refreshToken: "r", onRefresh });
    const { fetch } = script(granted("a", mark));

    await witness.watch(() => tiki({ token, fetch, logger: witness.logger }).queues.list());

    witness.expectNothingOf(mark);
  });
});
