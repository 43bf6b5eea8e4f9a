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

/** All versions that stand at the place of `node`, oldest first, itself among them. */
export function versions<T extends Node & { role: string }>(nodes: readonly T[], node: T): T[] {
	return nodes.filter((other) => other.parentId === node.parentId && other.role === node.role);
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
