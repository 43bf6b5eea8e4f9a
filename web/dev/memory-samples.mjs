// What the stand-in remembers at the start: about three hundred memories of half a year, the same at every start but
// for the days, which are counted back from today. Two conversations of each subject, some things stored by hand, and
// what was distilled from them.

const DAY = 86_400_000;
/** The same numbers at every start. */
let seed = 20_261_122;
const chance = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
const uuid = (n) => `0192a000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

/** [title, first week and second week it was talked of, what was said: by the person, then by Nova] */
const TALKS = [
	[
		'A garden for the north side',
		25,
		11,
		[
			'The bed on the north side of the house stays damp until June, and the lavender we put there died.',
			'Ferns and hostas do well in damp shade; lavender wants a dry, sunny wall.',
			'I bought six hostas and two royal ferns at the market last Saturday.',
			'Six hostas fill about two square metres. Water them in the evening.',
			'Slugs ate half of the hostas in one night. I do not want to use poison, because of the hedgehog.',
			'A ring of coarse sand and an early watering keep most slugs away, and the hedgehog takes the rest.',
			'The foxgloves along the fence came up by themselves this year.',
			'They seed themselves. Keep Ines away from the leaves; they are poisonous.',
			'I am away for most of August, so the plants have to look after themselves.',
			'Then mulch them thickly in July, and they will last three weeks without you.'
		]
	],
	[
		'Ines starts school',
		24,
		8,
		[
			'My daughter Ines is four and starts school next September.',
			'A visit to the empty classroom in August often helps more than talking about it.',
			'Her teacher will be Mrs Adeyemi, whom we met on open day.',
			'Write down what Ines asked about Mrs Adeyemi; it makes a good letter.',
			'Ines is allergic to cashew nuts. The school wants it in writing from a doctor.',
			'Ask for the letter and for an action plan at once; most practices have a form for it.',
			'She is afraid of the swimming lessons on Thursdays.',
			'Go to the pool once without a lesson, and let her show you what she dares.',
			'The school begins at twenty to nine, and the walk takes us fifteen minutes.',
			'Leaving at a quarter past eight leaves room for a lost shoe.'
		]
	],
	[
		'Learning Rust in the evenings',
		23,
		3,
		[
			'I am learning Rust and want short examples with the reasons beside them.',
			'Short examples, then. A borrow is a promise about who may change what.',
			'I come from Python, where I never had to think about who owns a value.',
			'Think of a library book: one owner, many readers, or one writer.',
			'The borrow checker refuses my loop that changes the vector while reading it.',
			'Collect the indices first, or use retain, which does both in one pass.',
			'I have about forty minutes each evening after Ines is in bed.',
			'Forty minutes are one chapter or one exercise, not both.',
			'My first program counts the words in my notes and took 0.3 seconds.',
			'Most of that is starting up. Try it with a hundred times the notes.'
		]
	],
	[
		'The boiler and the winter',
		22,
		6,
		[
			'The boiler was serviced in March by Mr Okafor; he asked to be called again before winter.',
			'I will bring it up when you plan October.',
			'The radiator in the bedroom stays cold at the bottom.',
			'Cold at the bottom is sludge, cold at the top is air. Mr Okafor can flush it.',
			'The gas bill of last winter was 1,140 euros, a third more than the year before.',
			'A third more, with gas up by a fifth: some of it is the loft.',
			'We put the thermostat at 19 degrees by day and 16 at night.',
			'Each degree less saves about six per cent.',
			'The loft has no insulation above the bathroom.',
			'That is the first thing to do, before any new boiler.'
		]
	],
	[
		'Running without hurting',
		21,
		2,
		[
			'My left knee hurts after eight kilometres, on the outside.',
			'Outside of the knee after a while: often the band at the side of the thigh.',
			'The physiotherapist, Dr Lindqvist, gave me exercises for the hip.',
			'Hip strength takes six weeks to tell. Do them on days without a run.',
			'I want to run the half marathon in Porto on 3 October.',
			'Then the long run grows to eighteen kilometres by the middle of September.',
			'I run on Tuesday and Friday mornings before work, along the canal.',
			'Two runs keep you, three improve you. Sunday could be the long one.',
			'Yesterday I ran twelve kilometres without any pain.',
			'Good. Keep it at twelve for another week before you add.'
		]
	],
	[
		'Weekend in Porto',
		20,
		9,
		[
			'We want to spend the first weekend of October in Porto, near the river.',
			'The quiet side is Gaia; the bridge takes you over in ten minutes.',
			'Jonas does not eat meat, and I do not eat shellfish.',
			'Then ask for the vegetable rice, and leave the francesinha to others.',
			'The train from Lisbon takes three hours, and the flight lands at half past nine.',
			'With the way to the airport the train is no slower.',
			'We booked the small hotel with the blue door for 96 euros a night.',
			'Three nights make 288 euros, with the city tax of two euros each on top.',
			'My sister Clara lives in Lisbon and would like to come up on Sunday.',
			'Sunday by the first train, and she is there for lunch.'
		]
	],
	[
		'Bread that rises',
		19,
		5,
		[
			'My sourdough is flat and sour; the kitchen has 18 degrees in the morning.',
			'At 18 degrees it needs ten hours, not five. Go by the bubbles, not the clock.',
			'The flour is from the mill in Arlau, type 1050.',
			'Type 1050 takes more water: about 70 per cent.',
			'I bake on Saturday mornings, two loaves, one for the neighbours.',
			'Feed the starter on Thursday evening, then it is awake on Friday.',
			'The neighbours are Mr and Mrs Haddad; she cannot eat salt.',
			'A loaf without salt ferments faster, so bake hers first.',
			'The last one was the best so far: open crumb, thin crust.',
			'Write down the times of that one. It is the one to repeat.'
		]
	],
	[
		'Clara and the move',
		18,
		7,
		[
			'My sister Clara is moving from Lisbon to Hamburg in January.',
			'January is quick. Her lease in Lisbon has two months of notice.',
			'She has a new position as a conservator at the museum.',
			'Museums pay removal costs more often than one thinks. She should ask.',
			'Clara has two cats, Bica and Pastel, who have never travelled.',
			'Cats take the train better than the plane, in two boxes side by side.',
			'She found a flat in Altona for 1,050 euros, with a balcony.',
			'Ask what the 1,050 include; heating is often outside of it.',
			'Our mother wants to help with the boxes, but her back is bad.',
			'She can pack the books into small boxes, sitting down.'
		]
	],
	[
		'Our mother and the hospital',
		17,
		10,
		[
			'Our mother has an operation on her hip on the twelfth.',
			'Ask now who comes to the house in the first week; that is the hard one.',
			'She takes tablets for her blood pressure, 5 mg in the morning.',
			'Write the name of the tablets on a card for her purse.',
			'The hospital is Saint Anne, ward 4, visits from two to six.',
			'From two to six leaves time for both of you, one after the other.',
			'She was home after six days and walks with two sticks.',
			'Six days is good for a hip. The sticks are for six weeks.',
			'She would like large print for her crosswords.',
			'Most newspapers send them; the library has books of them too.'
		]
	],
	[
		'The book club',
		16,
		1,
		[
			'Our book club meets on the first Monday of each month, at eight.',
			'The next first Monday is soon enough to begin reading now.',
			'This month we read "The Summer Book" by Tove Jansson.',
			'It is short; two evenings. Ask the others what the grandmother never says.',
			'I did not like the last one, it had four narrators and none of them spoke plainly.',
			'Four voices ask for a long evening. Say which of them you would have kept.',
			'It is my turn to cook for the five of us.',
			'A soup that waits is kinder than a roast that does not.',
			'I prefer novels under three hundred pages.',
			'I will keep to that when I suggest something.'
		]
	],
	[
		'Letter to the landlord',
		15,
		4,
		[
			'The landlord wants to raise the rent by 80 euros from the first of March.',
			'Eighty on how much? The law caps it by the percentage, not the amount.',
			'The rent is 920 euros now and was last raised three years ago.',
			'That is 8.7 per cent, within fifteen, but it needs reasons in writing.',
			'The letter gives no reasons at all.',
			'Then it does not count yet. Answer kindly and ask for the reasons.',
			'The window in the kitchen has been broken since April.',
			'Put the window in the same letter; it belongs together.',
			'The landlord is called Mr Brandt and prefers letters to calls.',
			'A letter, then, and keep a copy with the date.'
		]
	],
	[
		'Work, and less of it',
		14,
		0,
		[
			'I work four days a week since June; Wednesdays are mine.',
			'Guard the Wednesdays. They are lost one meeting at a time.',
			'My team writes the software for the ticket machines of the railway.',
			'Then you know every way in which a coin can be refused.',
			'I prefer plain answers without lists when I ask about work.',
			'Plain answers, then, and no lists.',
			'My manager Ruth asked whether I would lead the team from spring on.',
			'Ask her what would go away if you did.',
			'I told Ruth that I want to think about it until Christmas.',
			'Good. Write down now what would make you say yes.'
		]
	],
	[
		'The piano',
		13,
		2,
		[
			'I bought a used piano from the estate of an old teacher for 600 euros.',
			'Have it tuned after three weeks in the room, not before.',
			'The tuner, Mr Valdez, comes on the ninth at ten.',
			'Keep the windows shut the day before.',
			'I am learning the first prelude of Bach, bars one to twelve.',
			'It is all one pattern. Play each bar as one chord first.',
			'Mrs Haddad likes it when I play after supper, not after nine.',
			'Not after nine, then. There is a felt pedal for the rest.',
			'Mr Valdez says the sound board has a crack that does no harm.',
			'A crack that does not buzz is only a wrinkle.'
		]
	]
];

/** [weeks ago, text, tags] */
const NOTES = [
	[24, 'The spare key is with Mrs Haddad, second floor.', ['home']],
	[23, 'Passport of Ines runs out on 14 February.', ['family', 'papers']],
	[21, 'Shoe sizes: Ines 27, Jonas 43, me 39.', ['family']],
	[20, 'The wireless of the summer house is called "Nordlicht".', ['home']],
	[18, 'Jonas wants a good chess clock for his birthday on 2 May.', ['family', 'presents']],
	[16, 'The car needs its inspection before the end of November.', ['papers']],
	[15, 'Recipe: 500 g flour, 350 g water, 100 g starter, 9 g salt.', ['kitchen']],
	[13, 'Blood type: O negative.', ['health']],
	[12, 'Dentist: Dr Aumann, Tuesday mornings only.', ['health']],
	[10, 'The meter is in the cellar behind the bicycles; number 4471.', ['home']],
	[9, 'Library card of Ines: in the blue folder.', ['family']],
	[7, 'Contract of the telephone ends on 31 December; give notice by the end of November.', ['papers']],
	[5, 'Wine that Clara liked: the white from the Douro, the one with the owl.', ['presents']],
	[4, 'Paint of the hall: Farrow 229, two litres left in the cellar.', ['home']],
	[3, 'Idea: a bench under the pear tree, 1.40 m wide.', ['garden']],
	[2, 'Size of the piano stool cushion: 54 by 34 cm.', ['home']],
	[1, 'Mr Okafor comes on the 27th between eight and ten.', ['home']],
	[0, 'Ruth is away next week.', ['work']]
];

/** [talk, second time it was talked of, turns it comes from, text, importance, replaced by the next one] */
const FACTS = [
	[1, 0, [0], 'You have a daughter, Ines, who is four.', 0.96],
	[1, 1, [4], 'Ines is allergic to cashew nuts.', 0.98],
	[1, 0, [2], 'The teacher of Ines will be Mrs Adeyemi.', 0.71],
	[0, 0, [0], 'The bed on the north side of your house stays damp until June.', 0.72],
	[0, 1, [4], 'You do not use poison in the garden, because of the hedgehog.', 0.66],
	[0, 0, [8], 'You are away for most of August.', 0.7],
	[2, 0, [0], 'You are learning Rust and want short examples with reasons.', 0.83],
	[2, 1, [2], 'You know Python well.', 0.6],
	[3, 0, [0], 'Mr Okafor services your boiler; he wants to be called before winter.', 0.78],
	[3, 1, [6], 'Your thermostat stands at 19 degrees by day and 16 at night.', 0.55],
	[4, 0, [6], 'You run on Tuesday and Friday mornings along the canal.', 0.64],
	[4, 0, [0], 'Your left knee hurts after eight kilometres.', 0.61, 'Your left knee does not hurt any more.'],
	[4, 1, [4], 'You want to run the half marathon in Porto on 3 October.', 0.75],
	[5, 0, [2], 'Jonas does not eat meat; you do not eat shellfish.', 0.88],
	[7, 0, [0], 'Your sister Clara lives in Lisbon.', 0.82, 'Your sister Clara moves to Hamburg in January.'],
	[7, 1, [4], 'Clara has two cats, Bica and Pastel.', 0.58],
	[8, 0, [2], 'Your mother takes tablets for her blood pressure, 5 mg in the morning.', 0.74],
	[6, 0, [4], 'You bake two loaves on Saturday mornings.', 0.62],
	[6, 1, [6], 'Mrs Haddad next door cannot eat salt.', 0.57],
	[9, 0, [0], 'Your book club meets on the first Monday of each month, at eight.', 0.67],
	[9, 1, [8], 'You prefer novels under three hundred pages.', 0.59],
	[10, 0, [2], 'Your rent is 920 euros a month.', 0.63],
	[11, 0, [0], 'You work five days a week.', 0.5, 'You work four days a week; Wednesdays are free.'],
	[11, 1, [6], 'Ruth asked you to lead the team from spring on; you decide by Christmas.', 0.81],
	[12, 0, [0], 'You have a used piano and are learning the first prelude of Bach.', 0.6]
];

const REFLECTIONS = [
	[11, [4], 'You like plain answers without lists when it is about work.'],
	[2, [0, 6], 'In the evening you have little time: one example is better than three.'],
	[8, [0, 8], 'When it is about your mother, you want what to do next before the reasons.'],
	[6, [0, 8], 'You like numbers to try for yourself: degrees, grams, hours.']
];

const TOPICS = [
	'garden',
	'family',
	'rust',
	'home',
	'running',
	'travel',
	'kitchen',
	'family',
	'family',
	'books',
	'home',
	'work',
	'music'
];

export function sampleStore(world) {
	const start = Date.now();
	const at = (weeks, minutes = 0) =>
		weeks
			? new Date(start - weeks * 7 * DAY - (1 + (weeks % 5)) * DAY + minutes * 60_000).toISOString()
			: new Date(start - 3_000_000 + Math.min(minutes, 45) * 60_000).toISOString();
	const all = [];
	let number = 0;
	function add(memory) {
		const kept = {
			id: uuid(++number),
			tier: 'itm',
			kind: 'turn',
			speaker: 'user',
			session_id: uuid(900_000 + number),
			session_title: null,
			edited_at: null,
			tags: [],
			pinned: false,
			importance: Math.round(chance() * 60) / 100,
			promoted_at: null,
			times_used: Math.floor(chance() ** 3 * 14),
			last_used_at: null,
			dates: [],
			evidence: [],
			superseded_by: null,
			ended_at: null,
			duplicate_of: null,
			vector: true,
			...memory
		};
		if (kept.times_used) kept.last_used_at = new Date(start - chance() * 20 * DAY).toISOString();
		all.push(kept);
		return kept;
	}

	const turns = TALKS.map(([title, first, second, lines], talk) =>
		[first, second].map((weeks, time) => {
			const id = uuid(500_000 + talk * 2 + time);
			const name = time ? `${title}, again` : title;
			const session = {
				id,
				title: name,
				model: 'llama3.2:3b',
				created_at: at(weeks),
				updated_at: at(weeks, 40),
				ended_at: null,
				use_memory: true
			};
			world.sessions.set(id, session);
			let parent = null;
			return lines.map((text, index) => {
				const created_at = at(weeks, index * 3);
				const said = {
					id: uuid(600_000 + talk * 100 + time * 50 + index),
					turn_id: uuid(700_000 + index),
					session_id: id,
					parent_id: parent,
					role: index % 2 ? 'assistant' : 'user',
					content: text,
					created_at,
					status: 'complete',
					finish_reason: index % 2 ? 'stop' : null,
					model: index % 2 ? 'llama3.2:3b' : null,
					tokens_used: index % 2 ? Math.ceil(text.length / 4) : null,
					memories: []
				};
				world.messages.set(said.id, said);
				parent = said.id;
				const important = index % 2 === 0 && chance() > 0.45;
				const memory = add({
					text,
					speaker: index % 2 ? 'assistant' : 'user',
					session_id: id,
					session_title: name,
					created_at,
					tags: index === 0 ? [TOPICS[talk]] : [],
					importance: important ? 0.6 + chance() * 0.35 : chance() * 0.5
				});
				if (important && weeks)
					Object.assign(memory, { tier: 'ltm', promoted_at: at(Math.max(0, weeks - 1)) });
				if (time && !important) memory.duplicate_of = null;
				dated(memory);
				return memory;
			});
		})
	);
	for (const [weeks, text, tags] of NOTES)
		dated(
			add({
				kind: 'note',
				text,
				tags,
				created_at: at(weeks, 300),
				importance: 0.5 + chance() * 0.3,
				tier: weeks > 8 ? 'ltm' : 'itm',
				promoted_at: weeks > 8 ? at(weeks - 2) : null
			})
		);
	for (const [talk, , weeks] of TALKS.map(([title, first, second], talk) => [talk, title, [first, second]]))
		for (const [time, week] of weeks.entries()) {
			if (week < 1) continue;
			const from = turns[talk][time];
			add({
				kind: 'summary',
				tier: 'ltm',
				promoted_at: at(week, 700),
				speaker: 'assistant',
				session_id: from[0].session_id,
				session_title: from[0].session_title,
				created_at: at(week, 700),
				importance: 0.7,
				evidence: from.slice(0, 5).map(({ id }) => id),
				text: `You talked about this: ${from[0].text} ${from[2].text} Nova suggested: ${from[1].text}`
			});
		}
	for (const [talk, time, from, text, importance, then] of FACTS) {
		const evidence = from.map((index) => turns[talk][time][index]);
		const base = {
			kind: 'fact',
			tier: 'ltm',
			speaker: 'user',
			session_id: evidence[0].session_id,
			session_title: evidence[0].session_title,
			importance,
			evidence: evidence.map(({ id }) => id)
		};
		const week = TALKS[talk][1 + time];
		const fact = add({
			...base,
			text,
			created_at: at(week, 720),
			promoted_at: at(week, 720),
			pinned: importance > 0.95
		});
		if (!then) continue;
		const newer = add({
			...base,
			text: then,
			created_at: at(Math.max(0, week - 6), 720),
			promoted_at: at(Math.max(0, week - 6), 720),
			evidence: [turns[talk][1][0].id]
		});
		Object.assign(fact, { superseded_by: newer.id, ended_at: newer.created_at });
	}
	for (const [talk, from, text] of REFLECTIONS)
		add({
			kind: 'reflection',
			tier: 'ltm',
			speaker: 'assistant',
			text,
			created_at: at(3, 900),
			promoted_at: at(3, 900),
			importance: 0.6,
			evidence: from.map((index) => turns[talk][0][index].id),
			session_id: turns[talk][0][0].session_id,
			session_title: turns[talk][0][0].session_title
		});
	add({
		text: 'Grandfather always said: the bread knows when it is done.',
		kind: 'turn',
		speaker: 'Diary',
		session_id: uuid(880_001),
		session_title: 'diary-2019',
		created_at: at(6, 100),
		tags: ['diary']
	});
	return all.sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));

	function dated(memory) {
		const said = /last Saturday|next September|in March|in January|since April|Yesterday|last winter/.exec(
			memory.text
		)?.[0];
		if (!said) return;
		const day = (ago) => new Date(Date.parse(memory.created_at) - ago * DAY).toISOString().slice(0, 10);
		const year = memory.created_at.slice(0, 4);
		const spans = {
			'last Saturday': [day(4), day(4)],
			Yesterday: [day(1), day(1)],
			'in March': [`${year}-03-01`, `${year}-03-31`],
			'since April': [`${year}-04-01`, day(0)],
			'in January': [`${+year + 1}-01-01`, `${+year + 1}-01-31`],
			'next September': [`${+year + 1}-09-01`, `${+year + 1}-09-30`],
			'last winter': [`${+year - 1}-12-01`, `${year}-02-28`]
		};
		const [from, to] = spans[said];
		memory.dates = [{ text: said, from, to }];
	}
}
