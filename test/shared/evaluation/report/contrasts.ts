import type { Page } from 'playwright-core';

export interface Contrast {
  readonly text: string;
  readonly ratio: number;
}

/**
 * Contrast of the text of every element with the nearest ground behind it, as WCAG 2.2 defines it (1.4.3 asks for 4.5). Elements
 * whose text is hidden or drawn by SVG are left out.
 */
export function contrastsOf(page: Page): Promise<Contrast[]> {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('no canvas');
    const seen = new Map<string, { alpha: number; luminance: number }>();
    const measure = (colour: string) => {
      const known = seen.get(colour);
      if (known !== undefined) return known;
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
      const linear = (value: number) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      };
      const found = { alpha, luminance: 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) };
      seen.set(colour, found);
      return found;
    };
    const groundOf = (element: Element): number => {
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        const { alpha, luminance } = measure(getComputedStyle(at).backgroundColor);
        if (alpha === 255) return luminance;
      }
      return 1;
    };
    const hasText = (element: Element) =>
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '');
    return [...document.querySelectorAll('body *:not(svg *):not(script)')].filter(hasText).map((element) => {
      const ink = measure(getComputedStyle(element).color).luminance;
      const ground = groundOf(element);
      const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      return { text: element.textContent.slice(0, 30), ratio: Math.round(ratio * 100) / 100 };
    });
  });
}
