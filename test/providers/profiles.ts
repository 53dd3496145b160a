import { providerNames } from "./names.ts";
import type { Profile } from "./profile.ts";

/** Every provider's profile, with the name of its folder. */
export const profiles: readonly (Profile & { readonly folder: string })[] = await Promise.all(
  providerNames.map(async (folder) => {
    const { profile } = (await import(`./${folder}/profile.ts`)) as { readonly profile: Profile };
    return { ...profile, folder };
  }),
);
