"""What the Khronos validator says of models."""
import json
import os
import subprocess

SCRIPT = """
const fs = require('fs'), validator = require('gltf-validator');
(async () => {
  for (const file of process.argv.slice(1)) {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)));
    const { numErrors, numWarnings } = report.issues;
    console.log(JSON.stringify({ file, numErrors, numWarnings, messages: report.issues.messages.slice(0, 3) }));
  }
})();
"""


def complaints(npm, files):
    """The reports of those files that have errors or warnings; `npm` is the fixture's folder."""
    done = subprocess.run(["node", "-e", SCRIPT, *map(str, files)], capture_output=True, text=True,
                          env={**os.environ, "NODE_PATH": str(npm / "node_modules")})
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == len(files), done.stderr
    return [report for report in reports if report["numErrors"] or report["numWarnings"]]
