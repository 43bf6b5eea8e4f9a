// One message as the page holds it: the fields that change while an answer streams are fine-grained state.
import type { Message, RecalledMemory } from '../api/types';

export type MessageStatus = Message['status'];

export class ChatMessage {
	id = $state('');
	parentId = $state<string | null>(null);
	readonly role: Message['role'];
	createdAt = $state('');
	turnId = $state<string | null>(null);
	content = $state('');
	thinking = $state('');
	status = $state<MessageStatus>('complete');
	finishReason = $state<string | null>(null);
	model = $state<string | null>(null);
	tokens = $state<number | null>(null);
	latencyMs = $state<number | null>(null);
	memories = $state<RecalledMemory[]>([]);
	error = $state<{ code: string; error: string; resets_at?: string } | null>(null);
	/** Place in the queue while waiting for a model; 0 when it is not waiting. */
	queued = $state(0);
	/** The memory was full: this turn is not remembered. */
	unremembered = $state(false);
	/** Why something was held back, when it was. */
	policy = $state<{ verdict: string; reasons: string[] } | null>(null);

	/** Stays the same when the server gives a message its real id, so that the page does not rebuild it. */
	readonly key: string;

	constructor(from: Pick<Message, 'id' | 'role' | 'content' | 'parent_id'> & Partial<Message>) {
		this.key = from.id;
		this.id = from.id;
		this.role = from.role;
		this.parentId = from.parent_id ?? null;
		this.createdAt = from.created_at ?? new Date().toISOString();
		this.turnId = from.turn_id ?? null;
		this.content = from.content;
		this.thinking = from.thinking ?? '';
		this.status = from.status ?? 'complete';
		this.finishReason = from.finish_reason ?? null;
		this.model = from.model ?? null;
		this.tokens = from.tokens_used ?? null;
		this.latencyMs = from.latency_ms ?? null;
		this.memories = from.memories ?? [];
		this.error = from.error ?? null;
	}
}
