import type { EmulatorOptions } from "../definition.ts";
import {
  asList,
  type Choices,
  checkChoices,
  checkNames,
  checkRange,
  checkWhole,
  frameOptions,
  isName,
  isText,
  isTexts,
  isWhole,
} from "../options.ts";
import { type TikiEmulatorApp, type TikiSeller, testApps, testSellers } from "./accounts.ts";
import { choices, defaultAssumptions, type TikiAssumptions } from "./assumptions.ts";

/** The options of the Tiki emulator. */
export interface TikiEmulatorOptions extends EmulatorOptions {
  /** The sellers, one at least. @default two of them */
  readonly sellers?: readonly TikiSeller[] | undefined;
  /** The apps, one at least. @default an in-house app of the first seller, and a public one */
  readonly apps?: readonly TikiEmulatorApp[] | undefined;
  /**
   * How long a new or re-activated subscription routes nothing, in ms. @default 5_000
   * Source: "Event queue for in-house app" says about 5 s, the API reference "some minutes".
   */
  readonly activationDelayMs?: number | undefined;
  /** How long events are kept, in ms. @default 604_800_000 (7 days) */
  readonly retentionMs?: number | undefined;
  /** How many events a pull gives at most, 1-100. @default 100 */
  readonly pageSize?: number | undefined;
  /** How many requests a second a seller has; `Infinity` for no limit. @default 200 */
  readonly requestsPerSecond?: number | undefined;
  /** What the documents leave open. */
  readonly assumptions?: Partial<TikiAssumptions> | undefined;
}

const defaults = Object.freeze({
  sellers: testSellers,
  apps: testApps,
  activationDelayMs: 5_000,
  retentionMs: 604_800_000,
  pageSize: 100,
  requestsPerSecond: 200,
});

/** What was given, and is not undefined. */
function given<Options extends object>(options: Options): Partial<Options> {
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as Partial<Options>;
}

const sellerChoices: Choices<TikiSeller> = { id: isWhole, sid: isName, name: isText };

const appChoices: Choices<TikiEmulatorApp> = {
  kind: ["inHouse", "public"],
  clientId: isName,
  clientSecret: isName,
  authentication: ["basic", "post"],
  redirectUri: (value) => isText(value) && URL.canParse(String(value)),
  scopes: isTexts,
  sid: isName,
};

/** Merges the options with the defaults, and checks them. */
export function readOptions(options: TikiEmulatorOptions) {
  checkNames("tikiEmulator", options, [...Object.keys(defaults), ...frameOptions, "assumptions"]);
  const { assumptions = {} } = options;
  checkChoices<TikiAssumptions>("tikiEmulator: assumptions", assumptions, choices);
  const merged = { ...defaults, ...(given(options) as Partial<typeof defaults>) };
  checkRange(
    "tikiEmulator: activationDelayMs",
    merged.activationDelayMs,
    0,
    Number.MAX_SAFE_INTEGER,
  );
  checkRange("tikiEmulator: retentionMs", merged.retentionMs, 1, Number.POSITIVE_INFINITY);
  checkRange("tikiEmulator: pageSize", merged.pageSize, 1, 100);
  checkRange(
    "tikiEmulator: requestsPerSecond",
    merged.requestsPerSecond,
    1,
    Number.POSITIVE_INFINITY,
  );
  if (!isWhole(merged.pageSize)) throw new TypeError("tikiEmulator: pageSize must be whole");
  const sellers = asList("tikiEmulator: sellers", merged.sellers);
  for (const each of sellers) checkWhole("tikiEmulator: a seller", each, sellerChoices);
  for (const each of asList("tikiEmulator: apps", merged.apps)) {
    checkWhole("tikiEmulator: an app", each, appChoices, ["sid"]);
  }
  const [seller] = sellers;
  const apps = merged.apps.map((each) =>
    each.kind === "inHouse" ? { ...each, sid: each.sid ?? seller?.sid } : each,
  );
  const [app] = apps;
  if (!seller || !app) throw new TypeError("tikiEmulator: sellers and apps must not be empty");
  return {
    ...merged,
    apps,
    assumptions: { ...defaultAssumptions, ...given(assumptions) },
    seller,
    app,
  };
}
