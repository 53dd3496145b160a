import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bundle } from "../simulation/bundle.ts";
import { guardSites } from "./guard-sites.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it.for(guardSites)("the guard stands before $name", { timeout: 60_000 }, async (site) => {
  const name = site.name.replaceAll(/\W/g, "-");
  const entry = new URL(`../../${site.module}`, import.meta.url);
  vi.useRealTimers();
  const sound = await bundle(`sound-${name}`, [], entry);
  const patched = await bundle(`bypass-${name}`, [site.bypass], entry);
  const modules = [await import(sound.href), await import(patched.href)] as never[];
  vi.useFakeTimers();

  const guarded = [];
  for (const module of modules) guarded.push(await site.isGuarded(module));

  expect(guarded).toEqual([true, false]);
});
