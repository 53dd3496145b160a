/** The data centres whose two hosts Workato documents, by the word that stands in their names. */
export type WorkatoRegion = "us" | "eu" | "jp" | "sg" | "au" | "trial";

/** The roots of the two APIs of one data centre. */
export interface WorkatoUrls {
  /** Where messages are consumed and published. */
  readonly streams: string;
  /** Where topics are kept: the Developer API. */
  readonly api: string;
}

/**
 * The hosts of each data centre. Those of IL, KR, UK and CN are known from third parties only, so they
 * are not listed: give `streamsUrl` and `apiUrl` for them.
 *
 * Source: docs.workato.com/workato-api/pubsub (consume and publish hosts) and
 * docs.workato.com/workato-api (Developer API hosts), read 2026-11. `trial` is the developer sandbox.
 */
export const regions: Readonly<Record<WorkatoRegion, WorkatoUrls>> = Object.freeze({
  us: { streams: "https://event-streams.workato.com/api/v1", api: "https://www.workato.com/api" },
  eu: {
    streams: "https://event-streams.eu.workato.com/api/v1",
    api: "https://app.eu.workato.com/api",
  },
  jp: {
    streams: "https://event-streams.jp.workato.com/api/v1",
    api: "https://app.jp.workato.com/api",
  },
  sg: {
    streams: "https://event-streams.sg.workato.com/api/v1",
    api: "https://app.sg.workato.com/api",
  },
  au: {
    streams: "https://event-streams.au.workato.com/api/v1",
    api: "https://app.au.workato.com/api",
  },
  trial: {
    streams: "https://event-streams.trial.workato.com/api/v1",
    api: "https://app.trial.workato.com/api",
  },
});
