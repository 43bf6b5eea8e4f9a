// A conversation is a tree: an edited question or a regenerated answer is a sibling of the one before. Pure.

export interface Node {
	id: string;
	parentId: string | null;
}

/** From the first loaded message down to `leaf`; without a leaf, to the newest message. `nodes` is oldest first. */
export function pathTo<T extends Node>(nodes: readonly T[], leaf: string | null): T[] {
	const byId = new Map(nodes.map((node) => [node.id, node]));
	const path: T[] = [];
	const seen = new Set<string>();
	let at = (leaf ? byId.get(leaf) : undefined) ?? nodes.at(-1);
	while (at && !seen.has(at.id)) {
		seen.add(at.id);
		path.push(at);
		at = at.parentId ? byId.get(at.parentId) : undefined;
	}
	return path.reverse();
}

/** Messages at the same place are versions of each other: same parent, same speaker. */
export const placeOf = (node: Node & { role: string }): string => `${node.parentId ?? ''} ${node.role}`;

/** The versions at every place, oldest first. */
export function versions<T extends Node & { role: string }>(nodes: readonly T[]): Map<string, T[]> {
	const places = new Map<string, T[]>();
	for (const node of nodes) {
		const place = placeOf(node);
		const there = places.get(place);
		if (there) there.push(node);
		else places.set(place, [node]);
	}
	return places;
}

/** The end of the branch that goes through `id`, following the newest child at every fork. */
export function newestLeaf<T extends Node>(nodes: readonly T[], id: string): string {
	const newestChild = new Map<string, string>();
	for (const node of nodes) if (node.parentId) newestChild.set(node.parentId, node.id);
	const seen = new Set<string>();
	let at = id;
	while (newestChild.has(at) && !seen.has(at)) {
		seen.add(at);
		at = newestChild.get(at) as string;
	}
	return at;
}
