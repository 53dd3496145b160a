/**
 * For authors of feeds of their own.
 *
 * @packageDocumentation
 */
export { parseJson } from "../core/json.ts";
