/** One label of the demo pictures. */
export interface Sport {
  readonly label: string;
  /** Name in every set that follows Unicode's names. */
  readonly icon: string;
  /** Name in Firefox OS' set, which has its own; null where that set draws nothing of the kind. */
  readonly fxemoji: string | null;
}

/**
 * The sports that all of REQUIRED_EMOJI_SETS draw. Left out, because one set lacks them: wrestling (fluent draws
 * single wrestlers), climbing (emojione). Firefox OS' set draws 19 of them.
 */
export const SPORTS: readonly Sport[] = [
  { label: 'american-football', icon: 'american-football', fxemoji: 'americanfootball' },
  { label: 'archery', icon: 'bow-and-arrow', fxemoji: null },
  { label: 'badminton', icon: 'badminton', fxemoji: null },
  { label: 'baseball', icon: 'baseball', fxemoji: 'baseball' },
  { label: 'basketball', icon: 'basketball', fxemoji: 'basketballandhoop' },
  { label: 'billiards', icon: 'pool-8-ball', fxemoji: 'billiards' },
  { label: 'bowling', icon: 'bowling', fxemoji: 'bowling' },
  { label: 'boxing', icon: 'boxing-glove', fxemoji: null },
  { label: 'canoeing', icon: 'canoe', fxemoji: null },
  { label: 'cricket', icon: 'cricket-game', fxemoji: null },
  { label: 'cycling', icon: 'person-biking', fxemoji: 'bicyclist' },
  { label: 'fencing', icon: 'person-fencing', fxemoji: null },
  { label: 'field-hockey', icon: 'field-hockey', fxemoji: null },
  { label: 'fishing', icon: 'fishing-pole', fxemoji: 'fishingpoleandfish' },
  { label: 'golf', icon: 'person-golfing', fxemoji: 'golfer' },
  { label: 'gymnastics', icon: 'person-cartwheeling', fxemoji: null },
  { label: 'handball', icon: 'person-playing-handball', fxemoji: null },
  { label: 'horse-racing', icon: 'horse-racing', fxemoji: 'horseracing' },
  { label: 'ice-hockey', icon: 'ice-hockey', fxemoji: null },
  { label: 'ice-skating', icon: 'ice-skate', fxemoji: null },
  { label: 'martial-arts', icon: 'martial-arts-uniform', fxemoji: null },
  { label: 'rowing', icon: 'person-rowing-boat', fxemoji: 'rowboat' },
  { label: 'rugby', icon: 'rugby-football', fxemoji: 'rugbyfootball' },
  { label: 'running', icon: 'person-running', fxemoji: 'running' },
  { label: 'sailing', icon: 'sailboat', fxemoji: 'sailboat' },
  { label: 'skiing', icon: 'skier', fxemoji: null },
  { label: 'snowboarding', icon: 'snowboarder', fxemoji: 'snowboarder' },
  { label: 'soccer', icon: 'soccer-ball', fxemoji: 'soccerball' },
  { label: 'surfing', icon: 'person-surfing', fxemoji: 'surfer' },
  { label: 'swimming', icon: 'person-swimming', fxemoji: 'swimming' },
  { label: 'table-tennis', icon: 'ping-pong', fxemoji: null },
  { label: 'tennis', icon: 'tennis', fxemoji: 'tennisball' },
  { label: 'volleyball', icon: 'volleyball', fxemoji: null },
  { label: 'water-polo', icon: 'person-playing-water-polo', fxemoji: null },
  { label: 'weightlifting', icon: 'person-lifting-weights', fxemoji: 'weightlifter' },
];
