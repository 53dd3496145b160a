/** The values of a route's `:name` segments, decoded. */
export type PathParameters = Readonly<Record<string, string>>;

/** What finding a route came to. */
export type RouteMatch<Route> =
  | { readonly found: "route"; readonly route: Route; readonly params: PathParameters }
  /** The path is known, with other methods. */
  | { readonly found: "methods"; readonly methods: readonly string[] }
  | { readonly found: "nothing" };

/** Finds the route of a request. */
export type Router<Route> = (method: string, pathname: string) => RouteMatch<Route>;

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** The parameters of a path under a pattern; undefined when it does not fit. */
function matchPath(
  pattern: readonly string[],
  segments: readonly string[],
): PathParameters | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = decode(segments[index] ?? "");
    if (actual === undefined || (actual === "" && expected !== "")) return undefined;
    if (expected.startsWith(":")) params[expected.slice(1)] = actual;
    else if (expected !== actual) return undefined;
  }
  return params;
}

const split = (path: string): readonly string[] => path.split("/").slice(1);

/**
 * Makes a router over a table; the first route that fits is taken.
 *
 * A path is split before it is decoded, so an encoded slash stays inside its segment.
 */
export function createRouter<Route extends { readonly method: string; readonly path: string }>(
  routes: readonly Route[],
): Router<Route> {
  const table = routes.map((route) => ({ route, pattern: split(route.path) }));
  return (method, pathname) => {
    const segments = split(pathname);
    const methods: string[] = [];
    for (const { route, pattern } of table) {
      const params = matchPath(pattern, segments);
      if (params && route.method === method) return { found: "route", route, params };
      if (params) methods.push(route.method);
    }
    return methods.length > 0 ? { found: "methods", methods } : { found: "nothing" };
  };
}
