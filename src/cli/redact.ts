import { isListOfPaths, PATHS_WANTED } from "../inspector/redact.ts";
import { UsageError } from "./failure.ts";
import { type Option, text } from "./option.ts";

const named = text("names", "what is masked, separated by commas, such as email,event.data.card");

/** What nobody is shown, as an inspector takes it: `--redact email,event.data.card`. */
export const redactOption: Option<readonly string[] | undefined> = {
  ...named,
  read(typed, name) {
    const paths = named
      .read(typed, name)
      ?.split(",")
      .map((path) => path.trim());
    if (paths === undefined || isListOfPaths(paths)) return paths;
    throw new UsageError(`${name} must be ${PATHS_WANTED}, separated by commas`);
  },
};
