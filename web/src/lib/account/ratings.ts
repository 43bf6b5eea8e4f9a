// How somebody feels about it, in words beside the number. Pure.
export const RATINGS = [
	{ value: 1, says: '1, bad' },
	{ value: 2, says: '2, poor' },
	{ value: 3, says: '3, fair' },
	{ value: 4, says: '4, good' },
	{ value: 5, says: '5, very good' }
] as const;
