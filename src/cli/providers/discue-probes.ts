export const probes = {};
