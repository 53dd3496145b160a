/** An app as it is registered with Tiki's open platform. */
export interface TikiEmulatorApp {
  /** `inHouse`: of one seller. `public`: of many sellers, each of whom authorises it. */
  readonly kind: "inHouse" | "public";
  /** Its id. */
  readonly clientId: string;
  /** Its secret. */
  readonly clientSecret: string;
  /** The setting "token endpoint auth method": the other method is refused. */
  readonly authentication: "basic" | "post";
  /** The one address that codes are sent to. */
  readonly redirectUri: string;
  /** The scopes it may ask for. */
  readonly scopes: readonly string[];
  /** The seller of an in-house app. @default the first one */
  readonly sid?: string | undefined;
}

/** A seller. */
export interface TikiSeller {
  /** The number of the seller. */
  readonly id: number;
  /** The social id, 40 upper-case hexadecimal digits, that events carry. */
  readonly sid: string;
  /** The name of the store. */
  readonly name: string;
}

/** The scopes that the open platform lists ("Scope of access", read 2026-11). */
const tikiScopes: readonly string[] = Object.freeze([
  "order",
  "product",
  "inventory",
  "multichannel",
  "Fulfillment",
  "offline",
  "all",
]);

/** The sellers of an emulator that was given none: the first has the in-house app. */
export const testSellers: readonly TikiSeller[] = Object.freeze([
  { id: 1001, sid: "1D1F2A3B4C5D6E7F8091A2B3C4D5E6F708192A3B", name: "Test store one" },
  { id: 1002, sid: "2E2F3A4B5C6D7E8F9001A2B3C4D5E6F708192A3C", name: "Test store two" },
]);

const shared = { redirectUri: "http://127.0.0.1/tiki/callback", scopes: tikiScopes };

/** The apps of an emulator that was given none: one of each kind and of each way to authenticate. */
export const testApps: readonly TikiEmulatorApp[] = Object.freeze([
  {
    ...shared,
    kind: "inHouse",
    clientId: "emulator-in-house-app",
    clientSecret: "emulator-in-house-secret",
    authentication: "basic",
  },
  {
    ...shared,
    kind: "public",
    clientId: "emulator-public-app",
    clientSecret: "emulator-public-secret",
    authentication: "post",
  },
]);
