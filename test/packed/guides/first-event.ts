import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { root } from "../consumer.ts";
import { stepsOf } from "../newcomer/steps.ts";
import { type Stand, walk } from "../newcomer/walk.ts";

/** The heading of a provider's page under which the first event is handled. */
export const firstEvent = "The first event";

/**
 * Does what a provider's page says of the first event, in an empty folder, from its top to the next heading:
 * its program, against its emulator.
 */
export function walkFirstEvent(page: string, atLast?: Stand["atLast"]): void {
  it("begins with a program that runs as it stands against the emulator", async () => {
    const text = readFileSync(join(root, page), "utf8");
    const install = `ln -s ${inject("pagesFolder")}/node_modules node_modules`;
    const ports = ["4010", "8080"];
    const steps = stepsOf(text, "## Set up");

    const walked = await walk(steps, { install, ports, ...(atLast && { atLast }) });

    expect(steps[0]).toMatchObject({ kind: "file", name: expect.stringMatching(/\.mjs$/) });
    expect(walked).toHaveLength(steps.length);
  });
}
