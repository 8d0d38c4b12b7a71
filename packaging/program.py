"""Where the program begins that needs no Python beside it."""

import os

from sfkeytool import shell
from sfkeytool.__main__ import main
from sfkeytool.edge import bundled

bundled.leave_no_trace(os.environ)
bundled.find_authorities(os.environ)
if not bundled.run_apart():
    shell.call_sfkeytool(bundled.own_command(os.environ))
    main()
