"""What makes a shell ask sfkeytool at each Tab.

The answer has a line that says whether the shell itself is to go on with files or folders, and after which prefix; then
a line for each candidate, and its description behind a tab. Nothing of it is ever evaluated: a shell inserts the
candidates as text, and finds files with its own means. What is asked is the sfkeytool of PATH, not a file that has its
name in the current folder.
"""

from enum import StrEnum


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


ASKED_BY, LINE = "_SFKEYTOOL_COMPLETE", "_SFKEYTOOL_LINE"
"""Variables that ask: for which shell, and the command line up to the cursor."""

# bash 3.2, which macOS has, knows neither mapfile nor compopt. Files are left to bash where the answer is empty.
_BASH = """\
_sfkeytool() {
  local first='' line
  COMPREPLY=()
  {
    IFS= read -r first
    while IFS= read -r line; do COMPREPLY+=("${line%%$'\\t'*}"); done
  } < <(_SFKEYTOOL_COMPLETE=bash _SFKEYTOOL_LINE="${COMP_LINE:0:COMP_POINT}" \\
    _SFKEYTOOL_BREAKS="$COMP_WORDBREAKS" command sfkeytool 2>/dev/null </dev/null)
  case $first in
    file*) ;;
    folder*) compopt +o default +o bashdefault -o dirnames 2>/dev/null ;;
    *) compopt +o default +o bashdefault 2>/dev/null ;;
  esac
  case ${COMPREPLY[0]-} in
    *[:=]) compopt -o nospace 2>/dev/null ;;
  esac
  return 0
}
complete -o bashdefault -o default -F _sfkeytool sfkeytool
"""

_ZSH = """\
#compdef sfkeytool
_sfkeytool() {
  local answer line value prefix
  local -a lines open closed
  answer=$(_SFKEYTOOL_COMPLETE=zsh _SFKEYTOOL_LINE="${(j: :)words[1,CURRENT-1]} $IPREFIX$PREFIX" \\
    command sfkeytool 2>/dev/null </dev/null)
  lines=("${(@f)answer}")
  for line in "${(@)lines[2,-1]}"; do
    value=${line%%$'\\t'*}
    value="${value//:/\\\\:}:${line#*$'\\t'}"
    [[ ${line%%$'\\t'*} == *[:=] ]] && open+=("$value") || closed+=("$value")
  done
  (( $#open )) && _describe -t values value open -S ''
  (( $#closed )) && _describe -t values value closed
  prefix=${lines[1]#*$'\\t'}
  case $lines[1] in
    file*) [[ -n $prefix ]] && compset -P "${(b)prefix}"; _files ;;
    folder*) [[ -n $prefix ]] && compset -P "${(b)prefix}"; _files -/ ;;
  esac
}
if [[ ${funcstack[1]} == _sfkeytool ]]; then _sfkeytool "$@"; else compdef _sfkeytool sfkeytool; fi
"""

# Where the condition fails fish completes files, behind = and : too.
_FISH = """\
function __sfkeytool_ask
    set -g __sfkeytool_found
    set -lx _SFKEYTOOL_COMPLETE fish
    set -lx _SFKEYTOOL_LINE (commandline -cp | string collect)
    set -l lines (command sfkeytool 2>/dev/null </dev/null)
    set -q lines[2]; and set __sfkeytool_found $lines[2..-1]
    set -q lines[2]; or not string match -q -r '^(file|folder)' -- "$lines[1]"
end
complete -c sfkeytool -n __sfkeytool_ask -f -a '$__sfkeytool_found'
"""

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName sfkeytool, sfkeytool.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $line = $commandAst.ToString()
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    if ($length -lt $line.Length) { $line = $line.Substring(0, $length) } else { $line = $line.PadRight($length) }
    $env:_SFKEYTOOL_COMPLETE = 'powershell'
    $env:_SFKEYTOOL_LINE = $line
    try { $answer = @(sfkeytool 2>$null) }
    finally { Remove-Item Env:_SFKEYTOOL_COMPLETE, Env:_SFKEYTOOL_LINE -ErrorAction SilentlyContinue }
    $kind, $prefix = "$($answer[0])" -split "`t", 2
    foreach ($entry in ($answer | Select-Object -Skip 1)) {
        $value, $help = $entry -split "`t", 2
        $text = if ($value -match '^[\\w.:/=+-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
    }
    if ($kind -in 'file', 'folder') {
        $path = $wordToComplete.Trim("'", '"')
        if ($prefix -and $path.StartsWith($prefix)) { $path = $path.Substring($prefix.Length) }
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($path) | ForEach-Object {
            $text = $_.CompletionText
            if ($prefix -and $text -match '^[''"]') { $text = $text[0] + $prefix + $text.Substring(1) }
            else { $text = $prefix + $text }
            [System.Management.Automation.CompletionResult]::new($text, $_.ListItemText, 'ProviderItem', $_.ToolTip)
        }
    }
}
"""

_SCRIPTS = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH, Shell.POWERSHELL: _POWERSHELL}


def script(shell: Shell) -> str:
    """What the shell is to run once."""
    return _SCRIPTS[shell]
