// Lag and waiting events of an application service over the last minutes, as the server has noted them.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { duration } from './duration.ts';

/** As the admin API tells it. */
export interface LagSample {
  readonly ts: number;
  readonly lag_ms: number;
  readonly waiting_events: number;
}

const heightPx = 180;
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The picture, with a sentence for whoever does not see it. */
export function LagChart({ samples }: { readonly samples: readonly LagSample[] }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const data = useRef<uPlot.AlignedData>([[], [], []]);
  data.current = [
    samples.map(({ ts }) => ts / 1000),
    samples.map(({ lag_ms: ms }) => ms / 1000),
    samples.map(({ waiting_events: count }) => count),
  ];
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(options(box), data.current, box);
    };
    draw();
    const resized = new ResizeObserver(() => {
      if (box.clientWidth > 0) chart.current?.setSize({ width: box.clientWidth, height: heightPx });
    });
    resized.observe(box);
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      chart.current?.destroy();
    };
  }, []);
  useEffect(() => chart.current?.setData(data.current), [samples]);
  return <div class="chart" ref={place} role="img" aria-label={inWords(samples)} />;
}

function inWords(samples: readonly LagSample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return 'Lag: not measured yet';
  const most = Math.max(...samples.map(({ lag_ms: ms }) => ms));
  return `Lag of the last minutes: now ${duration(last.lag_ms)}, at most ${duration(most)}`;
}

function options(box: HTMLElement): uPlot.Options {
  const style = getComputedStyle(box);
  // A colour that is light-dark() is resolved only where it is used.
  const colour = (name: string) => {
    box.style.color = `var(${name})`;
    const { color } = style;
    box.style.color = '';
    return color;
  };
  const [accent, warn, dim, line] = ['--accent', '--warn', '--dim', '--line'].map(colour);
  const axis = { stroke: dim!, grid: { stroke: line!, width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  return {
    width: Math.max(200, box.clientWidth),
    height: heightPx,
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { live: true, isolate: false },
    scales: {
      y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.1)] },
      count: { range: (_chart, _min, max) => [0, Math.max(10, max * 1.1)] },
    },
    axes: [
      { ...axis, space: 90, values: (_chart, times) => times.map((seconds) => hourMinute.format(seconds * 1000)) },
      {
        ...axis,
        size: 56,
        values: (_chart, values) => values.map((seconds) => (Number.isInteger(seconds) ? `${seconds} s` : '')),
      },
      {
        ...axis,
        scale: 'count',
        side: 1,
        size: 44,
        grid: { show: false },
        values: (_chart, values) => values.map((count) => (Number.isInteger(count) ? String(count) : '')),
      },
    ],
    series: [
      { value: (_chart, seconds) => (seconds === null ? '–' : hourMinute.format(seconds * 1000)), label: 'At' },
      {
        label: 'Lag',
        stroke: accent!,
        fill: `color-mix(in srgb, ${accent} 15%, transparent)`,
        width: 2,
        points: { show: false },
        value: (_chart, seconds) => (seconds === null ? '–' : duration(seconds * 1000)),
      },
      {
        label: 'Waiting events',
        scale: 'count',
        stroke: warn!,
        width: 1.5,
        dash: [4, 4],
        points: { show: false },
        value: (_chart, count) => (count === null ? '–' : String(count)),
      },
    ],
  };
}

const hourMinute = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
