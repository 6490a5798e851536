# shellcheck shell=bash
# The curl command that uploads a file: for a person to paste, whatever the file's name holds.

# Prints a text as one word of the shell.
shell_word() {
    local quote="'" quoted="'\\''"
    printf "'%s'" "${1//"$quote"/"$quoted"}"
}

# upload_line FILE QUICKSTART URL CA_CERTIFICATE: absolute paths.  In a form field curl itself ends a
# name at ; or , unless it is quoted, with backslashes before " and \.
upload_line() {
    local name=$1 backslash='\'
    name=${name//"$backslash"/"$backslash$backslash"}
    name=${name//'"'/"$backslash\""}
    printf '  curl --cacert %s -H "Authorization: Bearer $(%s token)" \\\n' \
        "$(shell_word "$4")" "$(shell_word "$2")"
    printf '       -F asset_type=cad -F %s %s/api/v1/part/0/assets/\n' \
        "$(shell_word "file=@\"$name\"")" "$3"
}
