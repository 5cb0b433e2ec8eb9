// Properties run with one seed where a change is judged, so that a run can be repeated and never fails by chance; before a release
// (`test:long`) with new seeds and ten times the cases. A seed that ever failed becomes a case of its own.
import { configureGlobal } from 'fast-check';

const casesUsually = 100;

if (process.env['PONS_TEST_TIER'] === 'long') configureGlobal({ numRuns: 10 * casesUsually });
else configureGlobal({ seed: 0x9045 });
