// A browser's own description of itself, in words a person would use. Pure.

const BROWSERS: [RegExp, string][] = [
	[/\bEdg(?:e|A|iOS)?\//, 'Edge'],
	[/\bOPR\/|\bOpera\b/, 'Opera'],
	[/\bSamsungBrowser\//, 'Samsung Internet'],
	[/\b(?:Firefox|FxiOS)\//, 'Firefox'],
	[/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
	[/\bSafari\//, 'Safari']
];
const SYSTEMS: [RegExp, string][] = [
	[/\biPhone\b/, 'iPhone'],
	[/\biPad\b/, 'iPad'],
	[/\bAndroid\b/, 'Android'],
	[/\bWindows\b/, 'Windows'],
	[/\bCrOS\b/, 'ChromeOS'],
	[/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
	[/\bLinux\b/, 'Linux']
];

/** "Firefox on Linux"; a program's name without its version; else what it said, shortened. */
export function deviceName(agent: string): string {
	const named = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
	const browser = named(BROWSERS);
	const system = named(SYSTEMS);
	if (browser) return system ? `${browser} on ${system}` : browser;
	const program = /^([\w .-]{2,40})\//.exec(agent)?.[1];
	return program ?? (agent.slice(0, 60) || 'Unknown device');
}
