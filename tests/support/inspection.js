// Runs in a page behind axe: writes others over it, names the ways in which text is painted there, and reports what axe
// finds. What was learned from one page is still known at the next.

const paintOf = ({ backgroundColor, backgroundImage }) => `${backgroundColor} ${backgroundImage}`;
const isClear = (style) => /^(transparent|rgba\(.*, 0\)) none$/.test(paintOf(style));
const isOpaque = (style) => /^rgb\(.*\) none$/.test(paintOf(style));
const blendOf = ({ opacity, filter, mixBlendMode }) => `${opacity} ${filter} ${mixBlendMode}`;
const isLarge = ({ fontSize, fontWeight }) => parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const isWithin = (a, b) =>
  a.left > b.left - 1 && a.right < b.right + 1 && a.top > b.top - 1 && a.bottom < b.bottom + 1;
const isOffscreen = (box) => box.right + scrollX <= 0 || box.bottom + scrollY <= 0;
const hasText = (element) =>
  element.matches("input, select, textarea") ||
  [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

// Return what is seen of an element: its box, its style, and what is painted with it.
function partOf(element) {
  const style = getComputedStyle(element);
  const pseudo = ["::before", "::after"]
    .map((name) => getComputedStyle(element, name))
    .filter(({ content }) => !/^(none|normal)$/.test(content));
  const paint = [style, ...pseudo].filter((layer) => !isClear(layer)).map(paintOf);
  if (element.matches("img, svg, canvas, video, object")) paint.push("picture");
  return { element, style, paint, blend: blendOf(style), box: element.getBoundingClientRect() };
}

// Return a number by which a value is told from others.
function digestOf(value) {
  let [low, high] = [1, 2];
  for (const character of JSON.stringify(value)) {
    low = Math.imul(low ^ character.charCodeAt(0), 2654435761);
    high = Math.imul(high ^ character.charCodeAt(0), 1597334677);
  }
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

// Return all that the contrast of a text comes from: the text, the elements around it up to the first that hides what
// is behind it, how all of them are blended, and whatever else is painted in the same place.
function situationOf(text, painted) {
  const around = painted.filter(({ element }) => element.contains(text.element)).reverse();
  const last = around.findIndex(
    (part) => isOpaque(part.style) && part.paint.length === 1 && isWithin(text.box, part.box));
  const beside = painted.filter(({ element, box }) => !element.contains(text.element) && meet(text.box, box));
  const described = ({ element, style, paint, box }) =>
    [text.element.compareDocumentPosition(element), style.position, style.zIndex, paint, isWithin(text.box, box)];
  return digestOf([
    text.element.localName, text.element.matches(":disabled, [aria-disabled=true], [aria-disabled=true] *"),
    text.style.color, text.style.webkitTextFillColor, text.style.textShadow, isLarge(text.style),
    isOffscreen(text.box), text.box.width > 1 && text.box.height > 1,
    around.slice(0, last < 0 ? undefined : last + 1).map(described),
    around.map(({ blend }) => blend).filter((blend) => blend !== "1 none normal"),
    beside.map((part) => [described(part), part.blend]),
  ]);
}

// Return each element with text that can be seen, and the situation of that text.
function situations() {
  const parts = [document.documentElement, ...document.querySelectorAll("body, body *")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .map(partOf);
  const painted = parts.filter(({ paint, blend }) => paint.length || blend !== "1 none normal");
  return new Map(
    parts.filter(({ element }) => hasText(element)).map((part) => [part.element, situationOf(part, painted)]));
}

// Write a page over the one that is here, as a visitor gets it: with its style sheets, its script, and the cursor in the
// field that asks for it. The window stays as it is.
function write(html) {
  return new Promise((resolve) => {
    document.open();
    addEventListener("load", () => {
      document.querySelector("[autofocus]")?.focus();
      resolve();
    });
    document.write(html);
    document.close();
  });
}

// What could be seen when axe looked by all rules, and the situations of texts whose contrast it has found to be enough.
let shown = null;
const passed = new Set();

// Say whether an element is text alone, after which nothing is named.
const isPlain = (element) =>
  element.matches("span, p, td") && !element.id && !element.firstElementChild &&
  !element.closest("a, button, label, summary, legend, caption, th, h1, h2, h3, h4, h5, h6, [role]");

// Return all elements that can be seen, but for plain text.
const seenNow = () =>
  [...document.querySelectorAll("*")].filter(
    (element) => !isPlain(element) && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }));

// Choose the rules by which to look, of those with these tags, if any: all of them, but where nothing has appeared or gone
// since they were followed here, only those that measure boxes and styles. The others ask what there is, and how it is
// called. The rule for contrast, if there are texts for it, comes with them.
function rulesAmong(tags, forContrast) {
  if (!tags) return { runOnly: forContrast };
  const seen = seenNow();
  if (shown?.length === seen.length && shown.every((element, index) => element === seen[index])) {
    return { runOnly: ["link-in-text-block", "scrollable-region-focusable", "skip-link", "target-size", ...forContrast] };
  }
  shown = seen;
  return { runOnly: tags, rules: { "color-contrast": { enabled: forContrast.length > 0 } } };
}

// The texts at whose contrast axe looks. It does so while it looks by the other rules: on its way to either it reads the
// whole page, and finds out what lies above what.
let asked = new Set();
const contrast = axe._audit.rules.find(({ id }) => id === "color-contrast");
const isForContrast = contrast.matches;
contrast.matches = (node, ...more) => asked.has(node) && isForContrast.call(contrast, node, ...more);

// Run axe. Nothing is preloaded: only rules about sound, and about turning the screen, need that.
const run = (rules) =>
  axe.run(document, { resultTypes: ["violations", "incomplete"], elementRef: true, preload: false, ...rules });

// Look at the page by the rules with these tags, if any, and at the contrast of texts in situations in which none has
// passed. Those are known from now on if nothing is wrong there, unless axe could not tell the contrast here but may
// elsewhere. Where a picture is behind the text, it never can; that picture is part of the situation.
async function violationsOf(tags) {
  const texts = situations();
  asked = new Set([...texts.keys()].filter((text) => !passed.has(texts.get(text))));
  if (!tags && !asked.size) return [];
  const { violations, incomplete } = await run(rulesAmong(tags, asked.size ? ["color-contrast"] : []));
  const unsure = incomplete.filter(({ id }) => id === "color-contrast").flatMap(({ nodes }) => nodes)
    .filter(({ any }) => any[0].data.messageKey !== "bgImage").map(({ element }) => texts.get(element));
  if (!violations.some(({ id }) => id === "color-contrast")) {
    for (const text of asked) if (!unsure.includes(texts.get(text))) passed.add(texts.get(text));
  }
  return violations;
}

// Look at the page by the rules with these tags, if any, and at the contrast of its texts. Say what is seen at this width
// and in these colours: the heading, how many pixels stick out of the screen, which words are broken, which texts are too
// close to a button, and what is wrong.
async function inspect(tags) {
  const { scrollWidth, clientWidth } = document.documentElement;
  const violations = await violationsOf(tags);
  return {
    heading: document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " "),
    sideways: scrollWidth - clientWidth,
    broken: tags ? brokenWords() : [],
    crowded: tags ? crowdedButtons() : [],
    found: violations.flatMap(
      ({ id, help, nodes }) => nodes.map((node) => `${id} (${help}): ${node.html.slice(0, 200)}`)),
  };
}

// Yield each piece of text.
function* texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) yield node;
}

// The words that a browser has broken in two, but for those that no line has room for.
const brokenWords = () => {
  const found = [];
  for (const node of texts()) {
    for (const match of node.textContent.matchAll(/[\p{L}\p{N}]{2,24}/gu)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom)));
      if (lines.size > 1) found.push(match[0]);
    }
  }
  return found;
};

const ROOM = 6; // pixels between a button and the text above or below it
const isSeen = (element) =>
  !element.closest(".visually-hidden") && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const isClose = (a, b) =>
  a.left < b.right && b.left < a.right && [a.top - b.bottom, b.top - a.bottom].some((gap) => gap > -1 && gap < ROOM);

// The buttons to which a text comes too close, each with that text.
function crowdedButtons() {
  const lines = [...texts()]
    .filter((node) => node.data.trim() && isSeen(node.parentElement))
    .flatMap((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return [...range.getClientRects()].map((box) => ({ node, box }));
    });
  return [...document.querySelectorAll(".btn")].filter(isSeen).flatMap((button) => {
    const place = button.getBoundingClientRect();
    const close = lines.find(({ node, box }) => !button.contains(node) && isClose(place, box));
    return close ? [`'${close.node.data.trim()}' to '${button.textContent.trim()}'`] : [];
  });
}
