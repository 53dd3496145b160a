import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isSame } from "../../src/feeds/receiver/secret.ts";
import { type DiscueReceiverOptions, discue } from "../../src/providers/discue/index.ts";

const key = Buffer.from("0123456789abcdef0123456789abcdef");
const signature = { secrets: [`whsec_${key.toString("base64")}`] };
const receiverOf = (options: DiscueReceiverOptions) => discue({ apiKey: "k" }).receiver(options);
const now = Date.UTC(2026, 10, 1);

beforeEach(() => {
  vi.useFakeTimers({ now, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Signed {
  readonly id?: string;
  readonly at?: number;
  readonly body?: string;
  readonly sent?: Readonly<Record<string, string>>;
}

function signedRequest({ id = "m", at = now, body = "{}", sent = {} }: Signed = {}): Request {
  const timestamp = String(Math.floor(at / 1_000));
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${mac}`,
    ...sent,
  };
  return new Request("https://me.example/", { method: "POST", body, headers });
}

async function statusOf(request: Request, options: DiscueReceiverOptions): Promise<number> {
  const received = await receiverOf(options).receive(request);
  return received.kind === "answered" ? received.response.status : 200;
}

describe("the replay window", () => {
  it.each([
    [0, 200],
    [-300_000, 200],
    [300_000, 200],
    [-301_000, 401],
    [301_000, 401],
    [-86_400_000, 401],
  ])("answers a request signed %i ms away with %i", async (away, status) => {
    expect(await statusOf(signedRequest({ at: now + away }), { signature })).toBe(status);
  });

  it("is covered by the signature, and so is the id", async () => {
    const later = String(Math.floor(now / 1_000) + 1);
    const moved = signedRequest({ sent: { "webhook-timestamp": later } });
    const renamed = signedRequest({ sent: { "webhook-id": "other" } });

    expect(await statusOf(moved, { signature })).toBe(401);
    expect(await statusOf(renamed, { signature })).toBe(401);
  });
});

describe("a forged signature", () => {
  const right = signedRequest().headers.get("webhook-signature") ?? "";
  const forged: readonly string[] = [
    "",
    "v1,",
    "v1",
    right.slice(0, -4),
    `${right}AAAA`,
    right.replace("v1", "v2"),
    right.slice(3),
    `v1,${Buffer.alloc(32).toString("base64")}`,
    `v1,${Buffer.alloc(0).toString("base64")}`,
    right.toLowerCase(),
  ];

  it.each(forged)("lets nothing in: %j", async (value) => {
    const request = signedRequest({ sent: { "webhook-signature": value } });

    expect(await statusOf(request, { signature })).toBe(401);
  });

  it("does not spoil a right one beside it", async () => {
    const request = signedRequest({
      sent: { "webhook-signature": `${forged.join(" ")} ${right}` },
    });

    expect(await statusOf(request, { signature })).toBe(200);
  });
});

/** The source of a function of the receiver. */
function bodyOf(file: string, name: string): ts.FunctionDeclaration {
  const path = new URL(`../../src/feeds/receiver/${file}`, import.meta.url);
  const source = ts.createSourceFile(
    file,
    readFileSync(path, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found = source.statements.find(
    (each) => ts.isFunctionDeclaration(each) && each.name?.text === name,
  );
  if (!found || !ts.isFunctionDeclaration(found)) throw new Error(`${file} has no ${name}`);
  return found;
}

/** How often each kind of a way out stands in a piece of source. */
function waysOut(node: ts.Node): { returns: number; early: number } {
  const ways = { returns: 0, early: 0 };
  const walk = (each: ts.Node): void => {
    if (ts.isReturnStatement(each)) ways.returns += 1;
    const kinds = [ts.SyntaxKind.BreakStatement, ts.SyntaxKind.ContinueStatement];
    const operators = [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken];
    const isShort = ts.isBinaryExpression(each) && operators.includes(each.operatorToken.kind);
    if (kinds.includes(each.kind) || ts.isIfStatement(each) || isShort) ways.early += 1;
    each.forEachChild(walk);
  };
  walk(node);
  return ways;
}

describe("the comparison of secrets and signatures", () => {
  it.each([
    ["secret.ts", "isSame"],
    ["signature.ts", "hasRightSignature"],
  ])("has one way out, at its end: %s %s", (file, name) => {
    expect(waysOut(bodyOf(file, name))).toEqual({ returns: 1, early: 0 });
  });

  it("has one way out of the loop over secrets", () => {
    const text = bodyOf("secret.ts", "createSecretCheck").getText();

    expect(text).not.toMatch(/\.(some|every|find|includes|indexOf)\(|&&|\|\|/);
    expect(text).toContain("found |= isSame(given, secret)");
  });

  it("has none before the last signature: each is compared or verified, then they are counted", () => {
    const url = new URL("../../src/feeds/receiver/signature.ts", import.meta.url);
    const [, text = ""] =
      /\nconst schemes = (.*?)\n\} satisfies/s.exec(readFileSync(url, "utf8")) ?? [];

    expect(text).not.toMatch(/\.(some|every|find|includes|indexOf)\(|&&|\|\||\bif\b/);
    expect(text.match(/countOf\(/g)).toHaveLength(2);
    expect(bodyOf("signature.ts", "countOf").getText()).toContain("fits.filter(Boolean).length");
  });

  it("looks at every byte that was given, wherever the difference is", () => {
    const expected = new Uint8Array(32).fill(7);
    const looks = [0, 15, 31].map((place) => {
      const given = expected.slice();
      given[place] = 8;
      let count = 0;
      const counted = new Proxy(given, {
        get(target, name) {
          if (typeof name === "string" && /^\d+$/.test(name)) count += 1;
          return Reflect.get(target, name, target);
        },
      });
      expect(isSame(counted, expected)).toBe(false);
      return count;
    });

    expect(looks).toEqual([32, 32, 32]);
  });
});
