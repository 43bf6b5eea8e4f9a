/** How something stands: well, still to come, over, or in need of somebody. */
export type Tone = 'good' | 'wait' | 'over' | 'bad';
export interface Standing {
	tone: Tone;
	words: string;
}
