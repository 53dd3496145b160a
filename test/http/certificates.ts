import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

/** A key and the certificate of it, as PEM. */
export interface Certified {
  readonly key: string;
  readonly cert: string;
}

/** Makes an authority that nobody knows, and a certificate that it gave to `127.0.0.1`. For a day. */
export function createAuthority(): { readonly ca: string; readonly server: Certified } {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const given = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // Basic constraints: an authority. Subject alternative name: the address.
  const isAuthority = extension([0x55, 0x1d, 0x13], sequence(der(0x01, Buffer.from([0xff]))));
  const address = extension([0x55, 0x1d, 0x11], sequence(der(0x87, Buffer.from([127, 0, 0, 1]))));
  return {
    ca: certificate("test authority", own.publicKey, own.privateKey, isAuthority),
    server: {
      key: given.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      cert: certificate("test server", given.publicKey, own.privateKey, address),
    },
  };
}

/** An X.509 certificate of version 3, in DER (RFC 5280), signed by the authority. */
function certificate(subject: string, key: KeyObject, signer: KeyObject, more: Buffer): string {
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    named("test authority"),
    sequence(time(Date.now() - 86_400_000), time(Date.now() + 86_400_000)),
    named(subject),
    key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(more)),
  );
  const signature = createSign("sha256").update(signed).sign(signer);
  const whole = sequence(
    signed,
    ecdsaWithSha256,
    der(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  const text = whole.toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(der(0x06, Buffer.from(id)), der(0x04, value));
}

/** A name of one part, the common name. */
function named(commonName: string): Buffer {
  const part = sequence(
    der(0x06, Buffer.from([0x55, 0x04, 0x03])),
    der(0x0c, Buffer.from(commonName)),
  );
  return sequence(der(0x31, part));
}

function time(epochMs: number): Buffer {
  const text = new Date(epochMs).toISOString().replace(/\D/g, "").slice(0, 14);
  return der(0x18, Buffer.from(`${text}Z`));
}
