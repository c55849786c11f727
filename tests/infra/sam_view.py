"""Print how SAM sees a template, as JSON: `sam_view.py TEMPLATE VARIABLES`. It runs in SAM's own Python.

Per function: handler, code, layers and the variables it would get; per route its function; and what
`sam validate --lint` prints.
"""

import json
import sys
from pathlib import Path

from click.testing import CliRunner
from samcli.cli.main import cli
from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

template, variables = sys.argv[1:]
stacks, _ = SamLocalStackProvider.get_stacks(template)
provider = SamFunctionProvider(stacks)
runner = LocalLambdaRunner(None, provider, ".", ".", env_vars_values=json.loads(Path(variables).read_text()))
linted = CliRunner().invoke(cli, ["validate", "--lint", "--template", template, "--region", "eu-west-1"])
view = {
    "functions": {
        function.name: {
            "handler": function.handler,
            "code": function.codeuri,
            "layers": [layer.codeuri for layer in function.layers],
            "variables": runner._make_env_vars(function).resolve(),
        }
        for function in provider.get_all()
    },
    "routes": {route.path: route.function_name for route in ApiProvider(stacks).api.routes},
    "lint": [linted.exit_code, linted.output],
}
print(json.dumps(view))
