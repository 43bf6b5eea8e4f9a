/** Each once: the newest of those with the same id, where the first of them stood. */
export const distinct = <T extends { id: string }>(items: readonly T[]): T[] => [
	...new Map(items.map((item) => [item.id, item])).values()
];
