// What went wrong, in the server's words when it answered and in ours when it did not.
import type { Problem } from './types';

export class ApiError extends Error {
	readonly code: string;
	readonly status: number;
	readonly fields: Record<string, string>;
	readonly correlation?: string;
	readonly resetsAt?: string;
	/** When the server would listen again, as a time of this clock. */
	readonly retryAt?: number;

	constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
		super(problem.error ?? `The server answered ${status}.`);
		this.name = 'ApiError';
		this.status = status;
		this.code = problem.code ?? 'unknown';
		this.fields = (problem.fields ?? {}) as Record<string, string>;
		this.correlation = problem.correlation_id;
		this.resetsAt = problem.resets_at ?? undefined;
		if (retryAfter) this.retryAt = Date.now() + retryAfter * 1000;
	}
}

export const UNREACHABLE = 'unreachable';

export function unreachable(): ApiError {
	return new ApiError(0, {
		code: UNREACHABLE,
		error: 'The NovaCore server does not answer. Check that it runs and that you are on its network.'
	});
}

/** Reads an error body of any shape into an ApiError; a proxy's HTML page becomes a plain sentence. */
export async function problemOf(response: Response): Promise<ApiError> {
	let body: Partial<Problem> = {};
	try {
		const parsed: unknown = await response.json();
		if (parsed && typeof parsed === 'object') body = parsed as Partial<Problem>;
	} catch {
		// Not JSON: the status says what there is to say.
	}
	if (!body.error && response.status >= 502 && response.status <= 504) return unreachable();
	return new ApiError(response.status, body, Number(response.headers.get('Retry-After')) || undefined);
}

/** Any thrown thing as an ApiError, so that a page has one kind of error to show. */
export function asApiError(cause: unknown): ApiError {
	if (cause instanceof ApiError) return cause;
	if (cause instanceof TypeError) return unreachable();
	const error = cause instanceof Error ? cause.message : String(cause);
	return new ApiError(0, { code: 'internal', error: `Something in this page failed: ${error}` });
}
