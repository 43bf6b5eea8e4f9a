// How somebody feels about it, in words beside the number. Pure.
const WORDS = ['bad', 'poor', 'fair', 'good', 'very good'];

/** To choose from. */
export const RATINGS = WORDS.map((word, index) => ({ value: index + 1, says: `${index + 1}, ${word}` }));

/** "4 of 5, good" */
export const ratingWords = (rating: number): string => `${rating} of 5, ${WORDS[rating - 1] ?? 'unknown'}`;

/** Five signs, so many of them filled. */
export const starsOf = (rating: number): boolean[] => WORDS.map((_, index) => index < rating);
