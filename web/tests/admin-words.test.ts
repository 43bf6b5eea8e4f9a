import { describe, expect, it } from 'vitest';
import type { AuditEntry, Invitation, Job, Mail, Person } from '../src/lib/api/types';
import { addressOf } from '../src/lib/admin/activity/address';
import { isAddress } from '../src/lib/admin/address';
import { fileName } from '../src/lib/admin/feedback/download-name';
import * as invitations from '../src/lib/admin/invitations/words';
import * as jobs from '../src/lib/admin/jobs/words';
import * as mails from '../src/lib/admin/mail/words';
import { GRAVE } from '../src/lib/admin/people/grave';
import * as people from '../src/lib/admin/people/words';
import { offers } from '../src/lib/billing/offers.svelte';
import { placeAt, PLACES, titleAt } from '../src/lib/admin/places';
import * as programs from '../src/lib/admin/programs/words';
import { actorWords } from '../src/lib/auth/events';
import { ratingWords, starsOf } from '../src/lib/ui/rating';

const at = '2026-06-17T12:00:00Z';

describe('the way between the pages', () => {
	// Promise: every page says which one it is, one person's page belongs to People, nothing else pretends to be one.
	it('names the page of an address', () => {
		for (const { href, label } of PLACES) expect(titleAt(href)).toBe(label);
		expect(placeAt('/admin/people/0192')?.label).toBe('People');
		expect(titleAt('/admin/nowhere')).toBe('Page not found');
		expect(titleAt('/admin/peoples')).toBe('Page not found');
	});
});

describe('people', () => {
	const person = {
		second_factor: false,
		passkeys: 0,
		tokens: 0
	} as Person;

	// Promise: the count says whether it is of all people or of those asked for.
	it('are counted in words', () => {
		expect(people.countWords(104, 'all', '')).toBe('104 people');
		expect(people.countWords(1, 'all', '')).toBe('1 person');
		expect(people.countWords(1, 'all', 'ada')).toBe('1 person found');
		expect(people.countWords(0, 'disabled', '')).toBe('Nobody found');
	});

	// Promise: an empty list teaches why it is empty.
	it('that are not there are explained', () => {
		expect(people.emptyWords('all', 'zz')).toContain('“zz”');
		expect(people.emptyWords('disabled', '')).toContain('cannot sign in');
		expect(people.emptyWords('all', '')).toContain('invitation');
	});

	// Promise: what an account is opened with is readable; a plan bears the server's title, and one it does not have any
	// more can still be read and chosen.
	it('have keys and plans', () => {
		expect(people.keysWords(person)).toBe('a password alone');
		expect(people.keysWords({ ...person, second_factor: true, passkeys: 2, tokens: 1 })).toBe(
			'a second factor, 2 passkeys, 1 API token'
		);
		offers.plans = [{ name: 'pro', title: 'Pro for all' }];
		expect([people.planWords('pro'), people.planWords('gold')]).toEqual(['Pro for all', 'gold']);
		expect(people.planOptions()).toEqual([['pro', 'Pro for all']]);
		expect(people.planOptions('pro').length).toBe(1);
		expect(people.planOptions('gold').at(-1)).toEqual(['gold', 'gold']);
	});

	// Promise: the grave acts are asked twice, name the account, and deleting wants its address typed.
	it('are not hurt by one press', () => {
		for (const act of ['make', 'unmake', 'disable', 'remove'] as const)
			expect(GRAVE[act]('bo@example.org').confirm?.says).toContain('bo@example.org');
		expect(GRAVE.remove('bo@example.org').confirm?.typed).toBe('bo@example.org');
		expect(GRAVE.enable().confirm).toBeUndefined();
	});
});

describe('invitations', () => {
	const draft = { ...invitations.EMPTY };

	// Promise: what the server would refuse is said beside the field before it is sent.
	it('are checked before they are sent', () => {
		expect(invitations.check(draft)).toEqual({});
		expect(Object.keys(invitations.check({ ...draft, email: 'nonsense', uses: '0', days: '91' }))).toEqual([
			'email',
			'uses',
			'days'
		]);
		expect(Object.keys(invitations.check({ ...draft, uses: '1001' }))).toEqual(['uses']);
		expect(Object.keys(invitations.check({ ...draft, days: '1.5' }))).toEqual(['days']);
		expect([isAddress(' ada@example.org '), isAddress('ada')]).toEqual([true, false]);
	});

	// Promise: what was left empty is not sent.
	it('hold only what was filled in', () => {
		expect(invitations.bodyOf(draft)).toEqual({ uses: 1, days: 14 });
		expect(
			invitations.bodyOf({ email: ' a@b.c ', note: ' club ', plan: 'pro', uses: '5', days: '90' })
		).toEqual({ email: 'a@b.c', note: 'club', plan: 'pro', uses: 5, days: 90 });
	});

	// Promise: it is said whether the link was mailed, never that it was when no mail leaves this server.
	it('say whether they were mailed', () => {
		const sends = { configured: true, held: false };
		expect(invitations.mailedWords('a@b.c', sends)).toBe('It is also on its way to a@b.c by mail.');
		expect(invitations.mailedWords(null, sends)).toMatch(/^It was not mailed, because no address/);
		expect(invitations.mailedWords('a@b.c', { configured: false, held: false })).toMatch(/no mail server/);
		expect(invitations.mailedWords('a@b.c', { configured: true, held: true })).toMatch(/a copy holds/);
		expect(invitations.mailedWords('a@b.c', null)).toMatch(/under Mail/);
	});

	// Promise: every state has a word and a sign, and an unknown one is shown as it is.
	it('stand in words', () => {
		const one = (state: string) => invitations.standingOf({ state } as Invitation);
		expect(['open', 'used_up', 'expired', 'revoked', 'lost'].map((state) => one(state).words)).toEqual([
			'Open',
			'Used up',
			'Expired',
			'Revoked',
			'lost'
		]);
		expect(invitations.usesWords({ uses: 1, used: 0 })).toBe('not used yet');
		expect(invitations.usesWords({ uses: 25, used: 7 })).toBe('7 of 25 used');
		expect(invitations.titleOf({ note: null, email: 'a@b.c' } as Invitation)).toBe('a@b.c');
	});
});

describe('mails', () => {
	const post = { configured: true, held: false, from: 'nova@example.org' };
	const mail = (change: Partial<Mail>): Mail => ({
		id: 'm',
		purpose: 'verify_email',
		to: 'a@b.c',
		user_id: 'u',
		state: 'waiting',
		attempts: 0,
		last_error: null,
		created_at: at,
		...change
	});

	// Promise: a mail that is kept says why: no mail server, a copy, or neither any more.
	it('say why they have not left', () => {
		const words = (change: Partial<Mail>, now = post) => mails.standingOf(mail(change), now).words;
		expect(words({})).toBe('Waiting to be sent');
		expect(words({ attempts: 2 })).toBe('Failed so far, is tried again');
		expect(words({ state: 'kept' }, { ...post, configured: false })).toBe('Kept, no mail server');
		expect(words({ state: 'kept' }, { ...post, held: true })).toBe('Kept, because this is a copy');
		expect(words({ state: 'kept' })).toBe('Kept, not sent yet');
		expect(words({ state: 'failed' })).toBe('Given up');
		expect(words({ state: 'expired' })).toBe('Expired unsent');
		expect(mails.purposeWords('something_new')).toBe('something_new');
	});

	// Promise: only what may help is offered: no mail that left is shown, nothing is tried without a way out.
	it('offer only what helps', () => {
		const states = ['waiting', 'kept', 'sent', 'failed', 'expired'] as const;
		expect(states.filter((state) => mails.canShow(mail({ state })))).toEqual(['waiting', 'kept', 'failed']);
		expect(states.filter((state) => mails.canRetry(mail({ state }), post))).toEqual(['kept', 'failed']);
		expect(mails.canRetry(mail({ attempts: 1 }), post)).toBe(true);
		expect(mails.canRetry(mail({ state: 'failed' }), { ...post, held: true })).toBe(false);
		expect(mails.canRetry(mail({ state: 'kept' }), { ...post, configured: false })).toBe(false);
	});

	// Promise: before a mail is shown one is told that it is recorded, and that the person hears of it.
	it('warn before they are shown', () => {
		expect(mails.warningOf(mail({}))).toMatch(/recorded under Activity, and the person is told/);
		expect(mails.warningOf(mail({ user_id: null }))).toMatch(/recorded under Activity\.$/);
	});
});

describe('activity', () => {
	const entry = (actor: AuditEntry['actor']) => ({ actor, user_id: 'u' }) as AuditEntry;

	// Promise: whoever did something to another's account is named; one's own doing is not said twice.
	it('names who did it', () => {
		expect(actorWords(entry({ kind: 'user', id: 'u' }))).toBeNull();
		expect(actorWords(entry({ kind: 'user', id: 'v', name: 'bo@b.c' }))).toBe('by bo@b.c');
		expect(actorWords(entry({ kind: 'administrator', name: 'ada@b.c' }))).toBe(
			'by the administrator ada@b.c'
		);
		expect(actorWords(entry({ kind: 'operator' }))).toMatch(/with a command/);
		expect(actorWords(entry({ kind: 'service', name: 'timer' }))).toBe('by the program timer');
		expect(actorWords(entry({ kind: 'nobody' }))).toMatch(/nobody/);
	});

	// Promise: a filter can be linked to, whatever its words hold.
	it('has an address for every filter', () => {
		expect(addressOf('', '')).toBe('/admin/activity');
		expect(addressOf('u 1', 'signed_in')).toBe('/admin/activity?user=u+1&event=signed_in');
	});
});

describe('programs', () => {
	const draft = { ...programs.EMPTY, name: 'timer', scopes: ['backup:run'] };

	// Promise: a program without a name, a place or a right is not asked for; free scopes keep to the server's signs.
	it('are checked before they are sent', () => {
		expect(programs.check(draft)).toEqual({});
		expect(Object.keys(programs.check({ name: ' ', audiences: [], scopes: [], others: '' }))).toEqual([
			'name',
			'audiences',
			'scopes'
		]);
		expect(programs.check({ ...draft, others: 'pictures:read Bad!' })['others']).toContain('“Bad!”');
		expect(programs.check({ ...draft, others: 'x'.repeat(65) })['others']).toBeDefined();
		expect(programs.scopesOf({ ...draft, others: 'a:b, backup:run\nc' })).toEqual(['backup:run', 'a:b', 'c']);
	});

	// Promise: the example can be pasted into a shell, whatever the program is called, and holds no real secret.
	it('come with an example', () => {
		const text = programs.example('https://nova.example', "ada's timer");
		expect(text).toContain('X-Service-Token: $TOKEN');
		expect(text).toContain('"secret":"SECRET"');
		expect(text).toContain(`ada'\\''s timer`);
	});
});

describe('feedback and jobs', () => {
	// Promise: a rating is read without its colour, and the file says the day it was made.
	it('have ratings in words', () => {
		expect(ratingWords(1)).toBe('1 of 5, bad');
		expect(ratingWords(5)).toBe('5 of 5, very good');
		expect(starsOf(3)).toEqual([true, true, true, false, false]);
		expect(fileName(new Date(at))).toBe('novacore-feedback-2026-06-17.csv');
	});

	// Promise: what failed can be tried again, what is done or held cannot.
	it('have states in words', () => {
		const job = (change: Partial<Job>) => ({ state: 'waiting', attempts: 0, ...change }) as Job;
		expect(jobs.standingOf(job({})).words).toBe('Waiting');
		expect(jobs.standingOf(job({ attempts: 1 })).words).toBe('Failed so far, is tried again');
		expect(jobs.standingOf(job({ state: 'held' })).words).toBe('Held');
		const tried = [job({}), job({ attempts: 1 }), job({ state: 'failed' }), job({ state: 'held' })];
		expect(tried.map(jobs.canRetry)).toEqual([false, true, true, false]);
		expect(jobs.kindWords('something_new')).toBe('something_new');
	});
});
