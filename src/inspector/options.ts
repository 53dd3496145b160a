import { consoleLogger, type Logger, silent } from "../core/logger.ts";
import {
  aFunction,
  checkOptions,
  isObject,
  optionError,
  orFalse,
  rule,
  type TableOf,
  text,
  withMethods,
} from "../core/options.ts";
import type { StoreSet } from "../core/stores.ts";
import type { Run } from "../loop/run.ts";
import { isListOfPaths, PATHS_WANTED, type Redact } from "./redact.ts";
import type { Redrive } from "./redrive.ts";

/** What somebody wants of an inspector. */
export interface InspectorWish {
  /** Whether it changes something: a redrive, a discard, a move, a pause. */
  readonly changes: boolean;
  /** What is asked, such as `api/letters`; empty for the page itself. */
  readonly name: string;
}

/** The options of `inspector`. Checked once, when it is made; a wrong one is a `config` error. */
export interface InspectorOptions {
  /**
   * Says who may look, and who may change something; asked with every request, those for the page's own files
   * included. True lets it through; false answers 403; a `Response` is the answer, such as one that asks for a
   * password. What it throws is an answer of 500, and told to the logger; where it says nothing within 30 s, the
   * answer is 503.
   */
  readonly authorize: (
    request: Request,
    wish: InspectorWish,
  ) => boolean | Response | Promise<boolean | Response>;
  /** The runs of this process, or a function that gives those of now. @default none */
  readonly runs?: readonly Run[] | (() => readonly Run[]) | undefined;
  /** The stores, those that there are; by `dedupe` a letter is sent by one person at a time. @default none */
  readonly stores?: Partial<StoreSet> | undefined;
  /** What nobody is shown; it is masked before it leaves the process. @default nothing */
  readonly redact?: Redact | undefined;
  /** Sends a dead letter to the program's handlers. Without it, letters are read, exported and discarded. */
  readonly redrive?: Redrive | undefined;
  /** Under which path the page is, such as `/admin/inspector/`. @default "/" */
  readonly path?: string | undefined;
  /**
   * The names of hosts that it answers to, such as `ops.example` or `127.0.0.1:4010`; one without a port stands
   * for any. For a server on a machine of one's own: a page elsewhere could reach that by a name of its own.
   * @default any
   */
  readonly hosts?: readonly string[] | undefined;
  /** What the page is called, 1-100 characters. @default "ackloop" */
  readonly title?: string | undefined;
  /** Where it tells what went wrong. @default warnings and errors go to the `console` */
  readonly logger?: Logger | false | undefined;
}

const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === "string" && each !== "");

const table = {
  authorize: aFunction<InspectorOptions["authorize"]>().required(
    "a function that says who may look: the inspector cannot know who asks",
  ),
  runs: rule<NonNullable<InspectorOptions["runs"]>>(
    "a list of runs, such as [consume(...)], or a function that gives one",
    (value) => typeof value === "function" || (Array.isArray(value) && value.every(isRun)),
  ),
  stores: rule<NonNullable<InspectorOptions["stores"]>>(
    "stores, such as sqliteStores(...)",
    isObject,
  ),
  redact: rule<Redact>(
    `a list of ${PATHS_WANTED}; or a function`,
    (value) => typeof value === "function" || isListOfPaths(value),
  ),
  redrive: aFunction<Redrive>(),
  path: rule<string>("a path that begins with a slash", (value) =>
    typeof value === "string" ? /^\/(?:[\w.~-]+\/)*[\w.~-]*$/.test(value) : false,
  ).or("/"),
  hosts: rule<readonly string[]>("a list of names", isListOfTexts),
  title: text(1, 100).or("ackloop"),
  logger: orFalse(withMethods<Logger>("debug", "info", "warn", "error")),
} satisfies TableOf<InspectorOptions>;

/** Whether it is a run, of whichever copy of this package. */
function isRun(value: unknown): boolean {
  const { health, details, watch } = Object(value) as Partial<Run>;
  return [health, details, watch].every((each) => typeof each === "function");
}

/** The options with every default filled in. */
export type InspectorSettings = ReturnType<typeof toSettings>;

/** Checks the options. @throws {AckloopError} `config` for a wrong one. */
export function toSettings(options: InspectorOptions) {
  const {
    runs = [],
    stores = {},
    path,
    logger,
    ...rest
  } = checkOptions("inspector", options, table);
  if (options.runs === undefined && options.stores === undefined) {
    throw optionError("inspector", "stores", "or `runs` must be given: there is nothing to show");
  }
  return {
    ...rest,
    hasRuns: options.runs !== undefined,
    runs: typeof runs === "function" ? runs : () => runs,
    stores,
    path: path.endsWith("/") ? path : `${path}/`,
    logger: logger === false ? silent : (logger ?? consoleLogger),
  };
}
