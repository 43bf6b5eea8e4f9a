// The server's own description names the words it uses; each of them must have one for people here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wayIn } from '../src/lib/account/ways';
import { kindWords, standingOf as jobStanding } from '../src/lib/admin/jobs/words';
import { purposeWords, standingOf as mailStanding } from '../src/lib/admin/mail/words';
import { actorWords, byWords, EVENT_GROUPS, eventWords, isEvent } from '../src/lib/auth/events';
import { providerProblem } from '../src/lib/auth/problems';
import type { Activity, AuditEntry, Job, Mail } from '../src/lib/api/types';

const description = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
	components: { schemas: Record<string, { enum?: string[] }> };
};

function words(schema: string): string[] {
	const found = description.components.schemas[schema]?.enum ?? [];
	expect(found.length, `${schema} is a list of words`).toBeGreaterThan(1);
	return found;
}

/** Every word that must be in words, with the words it has. */
function allSaid(of: string[], said: (word: string) => string | null): void {
	expect(of.filter((word) => said(word) === word)).toEqual([]);
}

describe('every word of the server is in words here', () => {
	// Promise: a new event, purpose or state cannot be added to the server without words for people.
	it('events, and the filter offers each once', () => {
		allSaid(words('What'), eventWords);
		const offered = EVENT_GROUPS.flatMap(({ options }) => options.map(([event]) => event));
		expect(offered.sort()).toEqual(words('What').sort());
		expect(isEvent('moon_landed')).toBe(false);
		expect(eventWords('moon_landed')).toBe('moon_landed');
	});

	it('purposes and states of mails', () => {
		allSaid(words('Purpose'), purposeWords);
		const post = { configured: true, held: false, from: 'nova@example.org' };
		allSaid(words('MailState'), (state) => mailStanding({ state, attempts: 0 } as Mail, post).words);
	});

	it('states of jobs', () => {
		allSaid(words('JobState'), (state) => jobStanding({ state, attempts: 0 } as Job).words);
	});

	it('who did it, and how somebody signed in', () => {
		allSaid(words('Doer'), (by) => byWords(by as Activity['by']));
		allSaid(words('ActorKind'), (kind) =>
			actorWords({ actor: { kind, id: 'v' }, user_id: 'u' } as AuditEntry)
		);
		allSaid(words('Method'), (method) => wayIn(method, false));
	});
});

describe('words that are no list in the description', () => {
	// Promise: the kinds of jobs and the ends of a sign-in at another provider that the server has are in words.
	it('kinds of jobs', () => {
		allSaid(['auth.mail', 'account.erase', 'ops.scrub'], kindWords);
	});

	it('problems that come back in the address', () => {
		const codes = readFileSync('../src/auth/oidc/callback.rs', 'utf8')
			.concat(
				readFileSync('../src/auth/oidc/settle.rs', 'utf8'),
				readFileSync('../src/auth/oidc/proof.rs', 'utf8')
			)
			.matchAll(/"(oidc_[a-z_]+)"/g);
		const all = [
			...new Set([...codes].map(([, code]) => code ?? '')),
			'account_disabled',
			'rate_limited',
			'storage_read_only'
		];
		expect(all.length).toBeGreaterThan(8);
		for (const code of all) expect(providerProblem(code)).not.toContain(code);
	});
});
