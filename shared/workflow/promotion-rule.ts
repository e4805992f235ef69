export const PROMOTIONS = ['gate', 'always', 'never'] as const;
/** `gate`: the new version is served unless it is worse than the current one on the same held-out pictures. */
export type Promotion = (typeof PROMOTIONS)[number];
