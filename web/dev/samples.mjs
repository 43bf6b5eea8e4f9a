// What the mock says and remembers.

const ago = (days, minutes = 0) => new Date(Date.now() - days * 86_400_000 - minutes * 60_000).toISOString();

const LONG = `Here is one way to think about it, from the ground up.

## The short answer

Plant what **wants** shade. A north side has *cool, even light*, and that suits more plants than people expect: see [the woodland list](https://example.org/woodland).

| Plant | Height | Light | Frost |
|:------|-------:|:-----:|:------|
| Hosta | 60 cm | deep shade | hardy |
| Fern | 90 cm | half shade | hardy |
| Foxglove | 150 cm | half shade | hardy, and it seeds itself |
| Hellebore | 40 cm | deep shade | hardy; flowers in February |

### Steps

1. Loosen the ground two spades deep.
2. Mix in leaf mould:
   - a bucket for each square metre
   - more where it is dry
3. Water in the evening, not at noon.

> The best time to plant a tree was twenty years ago. The second best time is now.

### How much water

The need grows with the leaf area $A$ and the dryness of the air $D$:

$$
E = \\frac{\\Delta R_n + \\rho c_p D / r_a}{\\Delta + \\gamma\\,(1 + r_s / r_a)}
$$

so a bed of $A = 4\\,\\text{m}^2$ asks for about \\(12 \\pm 2\\) litres a week. It costs $5 a month, or $60 a year.

\`\`\`python
def litres(area_m2: float, dryness: float = 1.0) -> float:
    """Water for a week, with a reserve of a tenth."""
    base = 3.0 * area_m2 * dryness
    return round(base * 1.1, 1)  # never less than what evaporates, even in a long and unusually dry summer week


print(litres(4))
\`\`\`

Run it with \`python3 water.py\`, or from the shell:

\`\`\`bash
for bed in north east; do
  echo "$bed: $(python3 water.py --bed "$bed") litres"
done
\`\`\`

- [x] Choose the bed
- [ ] Order the plants

![A north-facing garden](https://images.example.org/garden.jpg)

<script>alert('never')</script><img src=x onerror="alert(1)"> [a trap](javascript:alert(1)) <b style="color:red" onclick="alert(2)">bold</b>

H<sub>2</sub>O and E = mc<sup>2</sup>, press <kbd>Enter</kbd>.

---

That is all you need for the first year.`;

const SHORT = `You told me the bed on the north side stays damp until June, so I would start with **ferns and hostas** and leave the lavender for the wall that gets the afternoon sun.

Begin with three of each. They will tell you within a season whether they like it.`;

export function answerTo(text) {
	if (text.includes('#md')) return LONG;
	if (text.includes('#long')) return `${LONG}\n\n${LONG}\n\n${LONG}`;
	if (/hello|hi\b/i.test(text)) return 'Hello. It is good to see you again. What is on your mind?';
	return `${SHORT}\n\n${'The rest can wait: a garden is patient, and so am I. '.repeat(6).trim()}`;
}

export const sampleMemories = () =>
	[
		memory(
			'm1',
			'The bed on the north side of the house stays damp until June, and the lavender we put there died.',
			'user',
			21,
			'ltm'
		),
		memory(
			'm2',
			'You prefer plants that look after themselves; you are away most of August.',
			'assistant',
			20,
			'ltm'
		),
		memory('m3', 'My daughter Ines is four and puts everything in her mouth.', 'user', 4, 'itm'),
		memory(
			'm4',
			'I am learning Rust and want short examples with the reasons beside them.',
			'user',
			1,
			'itm'
		),
		memory(
			'm5',
			'The boiler was serviced in March by Mr Okafor; he asked to be called again before winter.',
			'user',
			0,
			'itm'
		)
	].reverse();

function memory(id, text, speaker, days, tier) {
	return { id, tier, text, speaker, session_id: null, created_at: ago(days, 34) };
}

export function sampleHistory(newId) {
	const talks = [
		['A garden for the north side', 0, [['What should I plant on the north side? #md', LONG]]],
		['Letter to the school', 0, [['Can you look over my letter?', 'Of course. Paste it here.']]],
		['Borrowing and lifetimes in Rust', 1, [['Why does this not compile?', SHORT]]],
		['Boiler service before winter', 3, [['When was the boiler last serviced?', 'In March, by Mr Okafor.']]],
		[
			'A very long title that does not fit into the rail and has to be cut off somewhere sensible',
			5,
			[['Hi', 'Hello.']]
		],
		['Weekend in Porto', 40, [['Where should we stay?', 'Near the river, on the quiet side.']]],
		['Books about patience', 400, [['What should I read?', 'Start with the Meditations.']]]
	];
	const long = Array.from({ length: 60 }, (_, n) => [
		`Question ${n + 1} about the sea`,
		`Answer ${n + 1}. ${SHORT}`
	]);
	talks.push(['Sixty questions about the sea', 2, long]);
	return talks.reverse().map(([title, days, exchanges]) => {
		const session = {
			id: newId(),
			title,
			model: 'llama3.2:3b',
			created_at: ago(days, 60),
			updated_at: ago(days, 20),
			ended_at: null
		};
		let parent = null;
		const messages = exchanges.flatMap(([question, answer], index) => {
			const base = {
				session_id: session.id,
				turn_id: newId(),
				status: 'complete',
				finish_reason: 'stop',
				model: null,
				tokens_used: null,
				memories: []
			};
			const asked = {
				...base,
				id: newId(),
				parent_id: parent,
				role: 'user',
				content: question,
				created_at: ago(days, 61 - index)
			};
			const said = {
				...base,
				id: newId(),
				parent_id: asked.id,
				role: 'assistant',
				content: answer,
				created_at: ago(days, 60 - index),
				model: 'llama3.2:3b',
				tokens_used: Math.ceil(answer.length / 4),
				latency_ms: 2140,
				memories:
					title.includes('garden') && index === 0
						? sampleMemories()
								.slice(0, 3)
								.map((recalled, n) => ({
									...recalled,
									session_title: 'The summer before',
									score: 0.9 - n / 10,
									reasons: [
										['the same words: north, side', 'said 3 weeks ago'],
										['close in meaning'],
										['about your family']
									][n],
									forgotten: false
								}))
						: []
			};
			parent = said.id;
			return [asked, said];
		});
		return { session, messages };
	});
}
