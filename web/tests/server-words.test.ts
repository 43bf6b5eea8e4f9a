// The server's own description names the words it uses; each of them must have one for people here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wayIn } from '../src/lib/account/ways';
import { standingOf as eventStanding, statusOf } from '../src/lib/admin/billing/words';
import { kindWords, standingOf as jobStanding } from '../src/lib/admin/jobs/words';
import { outcomeWords } from '../src/lib/admin/memory/words';
import { purposeWords, standingOf as mailStanding } from '../src/lib/admin/mail/words';
import { RESOURCES, sourceWords } from '../src/lib/admin/usage/words';
import { actorWords, byWords, EVENT_GROUPS, eventWords, isEvent } from '../src/lib/auth/events';
import { providerProblem } from '../src/lib/auth/problems';
import { subscriptionSays, invoiceStanding } from '../src/lib/billing/words';
import { priceWords } from '../src/lib/billing/plans';
import { jobTitle, standingOf as ownStanding } from '../src/lib/memory/jobs/words';
import { kindName, partWords, SHELVES } from '../src/lib/memory/words';
import { kindWords as ledgerKind, resourceWords } from '../src/lib/usage/words';
import { warningsOf } from '../src/lib/usage/warnings';
import type {
	Activity,
	AuditEntry,
	BillingEvent,
	Invoice,
	Job,
	Mail,
	MemoryJob,
	MemoryKind,
	Period,
	Plan,
	PlanSource,
	PlanStanding,
	Quota,
	Shelf
} from '../src/lib/api/types';

const description = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
	components: { schemas: Record<string, { enum?: string[] }> };
};

const source = (file: string): string => readFileSync(`../src/${file}`, 'utf8');

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
		allSaid(words('MemoryJobState'), (state) => ownStanding({ state, attempts: 0 } as MemoryJob).words);
	});

	it('kinds of memories, and their shelves', () => {
		allSaid(words('Kind'), (kind) => kindName(kind as MemoryKind));
		allSaid(words('Tier'), (tier) => SHELVES[tier as Shelf].name);
	});

	it('who did it, and how somebody signed in', () => {
		allSaid(words('Doer'), (by) => byWords(by as Activity['by']));
		allSaid(words('ActorKind'), (kind) =>
			actorWords({ actor: { kind, id: 'v' }, user_id: 'u' } as AuditEntry)
		);
		allSaid(words('Method'), (method) => wayIn(method, false));
	});

	it('what is counted, why, and what a plan comes from', () => {
		allSaid(words('Resource'), resourceWords);
		expect(RESOURCES.map(([resource]) => resource).sort()).toEqual(words('Resource').sort());
		allSaid(words('LedgerKind'), ledgerKind);
		allSaid(words('Source'), (source) => sourceWords(source as PlanSource));
	});

	it('states of invoices and of the payment service’s events, and how often a plan is paid', () => {
		allSaid(words('InvoiceStatus'), (status) => invoiceStanding({ status } as Invoice).words);
		allSaid(words('EventState'), (state) => eventStanding({ state, tries: 0 } as BillingEvent).words);
		const plan = { price_monthly: '$9', price_yearly: '$90' } as Plan;
		for (const period of words('Period'))
			expect(priceWords(plan, period as Period)).toMatch(/^\$90? a (month|year)$/);
	});
});

describe('words that are no list in the description', () => {
	// Promise: the kinds of jobs and the ends of a sign-in at another provider that the server has are in words.
	it('kinds of jobs', () => {
		const files = [
			'auth/mail/mod.rs',
			'account/erase.rs',
			'billing/sync/mod.rs',
			'billing/reconcile.rs',
			'chat/removing.rs',
			'memory/tiers/promote.rs',
			'memory/distil/work.rs'
		];
		const kinds = files.flatMap((file) =>
			[...source(file).matchAll(/const (?:KIND|SCRUB|END|DISTIL|REFLECT): &str = "([a-z.]+)"/g)].map(
				([, kind]) => kind ?? ''
			)
		);
		expect(kinds.length).toBe(9);
		allSaid(kinds, kindWords);
		const own = kinds.filter((kind) => kind.startsWith('memory.')).map((kind) => kind.slice(7));
		allSaid(own, (kind) => jobTitle({ kind, session_title: null }));
	});

	// Promise: what made a score is explained in words, part by part, and so is why nothing was kept of what a model wrote.
	it('parts of a score, and what became of what a model wrote', () => {
		const named = (file: string) =>
			[...source(file).matchAll(/Self::\w+ => "([a-z_]+)"/g)].map(([, name]) => name ?? '');
		const parts = named('memory/ranking/mod.rs');
		expect(parts.length).toBe(13);
		allSaid(parts, partWords);
		const outcomes = [...named('memory/distil/keep.rs'), ...named('memory/distil/valid.rs')];
		expect(outcomes.length).toBe(20);
		allSaid(outcomes, outcomeWords);
	});

	// Promise: however the payment service says a subscription stands, whoever pays and whoever runs the server is told
	// in words.
	it('states of subscriptions', () => {
		const [, variants = ''] = /pub enum Status \{([^}]*)\}/.exec(source('outside/stripe/object.rs')) ?? [];
		const states = [...variants.matchAll(/^ *([A-Z]\w+),/gm)].map(([, name = '']) =>
			name.replace(/(?!^)[A-Z]/g, '_$&').toLowerCase()
		);
		expect(states.length).toBe(8);
		allSaid(states, (state) => statusOf(state).words);
		for (const status of states) {
			const standing = { subscription: { status, plan: null, period: null } } as unknown as PlanStanding;
			expect(subscriptionSays(standing, [])?.text).not.toContain('calls this');
		}
	});

	// Promise: every level at which the server speaks up is a sentence above the composer.
	it('levels of what is used', () => {
		const at = (level: number): Quota => {
			const meter = { used: level, limit: 100 };
			return { metered: true, tokens: meter, messages: meter, storage: meter, resets_at: '' } as Quota;
		};
		for (const level of [80, 100] as const) {
			const said = warningsOf(at(level), level, false, false);
			expect(said.map(({ resource }) => resource)).toEqual(['tokens', 'messages', 'memory']);
			expect(said.every(({ says }) => (level === 80 ? /80/ : /used all|full/).test(says))).toBe(true);
		}
	});

	it('problems that come back in the address', () => {
		const codes = ['callback', 'settle', 'proof']
			.map((file) => source(`auth/oidc/${file}.rs`))
			.join('')
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
