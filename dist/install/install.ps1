# Installs awsmcp servers {{version}}: downloads the archive, verifies its checksum, and puts the program into a directory.
#
#   & ([scriptblock]::Create((irm {{downloads}}/install.ps1))) s3 dynamodb
param(
    [Parameter(Mandatory, ValueFromRemainingArguments)] [string[]] $Servers,
    [string] $To = (Join-Path $env:LOCALAPPDATA 'Programs\awsmcp'),
    [string] $From = '{{downloads}}'
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$version = '{{version}}'
$known = '{{servers}}' -split ' '
# Windows on Arm runs programs for x64 too.
$platform = 'win32-x64'

$scratch = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory $scratch | Out-Null
try {
    Invoke-WebRequest -UseBasicParsing "$From/SHA256SUMS" -OutFile "$scratch\SHA256SUMS"
    foreach ($server in $Servers) {
        $server = $server -replace '^awsmcp-', ''
        if ($known -notcontains $server) { throw "there is no server $server; there are: $known" }
        # awsmcp is all servers in one program.
        $program = if ($server -eq 'awsmcp') { $server } else { "awsmcp-$server" }
        $stem = "$program-$version-$platform"
        Invoke-WebRequest -UseBasicParsing "$From/$stem.zip" -OutFile "$scratch\$stem.zip"
        $line = Get-Content "$scratch\SHA256SUMS" | Where-Object { $_ -match "^([0-9a-f]{64})  $([regex]::Escape("$stem.zip"))$" }
        if (-not $line) { throw "SHA256SUMS does not name $stem.zip" }
        $wanted = $line.Substring(0, 64)
        $found = (Get-FileHash -Algorithm SHA256 "$scratch\$stem.zip").Hash.ToLowerInvariant()
        if ($found -ne $wanted) {
            throw "$stem.zip is not the file that was released: its checksum is $found, not $wanted; nothing was installed of it"
        }
        Expand-Archive "$scratch\$stem.zip" $scratch
        New-Item -ItemType Directory -Force $To | Out-Null
        Move-Item -Force "$scratch\$stem\$program.exe" $To
        Write-Output "installed $To\$program.exe $version"
    }
} finally {
    Remove-Item -Recurse -Force $scratch
}
if (($env:PATH -split ';') -notcontains $To) {
    Write-Warning "$To is not in PATH: name the programs by their full paths, or add it"
}
