// A key figure's history as a small PNG for mail, where SVG and web fonts do not exist: bars at
// double size on a solid plate, the last one dark.
import { PNG } from 'pngjs';
import { Decimal } from '../core/money.ts';

const WIDTH = 240;
const HEIGHT = 72;
const GAP = 0.32;
const PLATE = [255, 255, 255, 255] as const;
const PAST = [157, 184, 198, 255] as const;
const CURRENT = [11, 79, 108, 255] as const;

type Colour = readonly [number, number, number, number];

/** The image, shown at half its size: 120 by 36. */
export function drawBarImage(history: (string | null)[]): Buffer {
  const image = new PNG({ width: WIDTH, height: HEIGHT });
  fill(image, 0, 0, WIDTH, HEIGHT, PLATE);
  const values = history.map((value) => new Decimal(value ?? 0));
  const top = Decimal.max(0, ...values);
  const slot = WIDTH / Math.max(1, values.length);
  values.forEach((value, index) => {
    const share = top.isZero() ? 0 : value.div(top).toNumber();
    const height = Math.max(share > 0 ? 2 : 1, Math.round(share * (HEIGHT - 2)));
    const colour = index === values.length - 1 ? CURRENT : PAST;
    const left = Math.round(index * slot);
    fill(image, left, HEIGHT - height, Math.round(slot * (1 - GAP)), height, colour);
  });
  return PNG.sync.write(image);
}

function fill(
  image: PNG,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  for (let y = top; y < top + height; y += 1) {
    for (let x = left; x < Math.min(left + width, image.width); x += 1) {
      image.data.set(colour, (y * image.width + x) * 4);
    }
  }
}
