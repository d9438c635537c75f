#compdef openstack
# Completes what "openstack complete --shell none" has written to this file.

local -A candidates
local name value word key=cmds
while IFS='=' read -r name value; do
  candidates[${name// /}]=${value//\'/}
done < ~/.cache/openstack-complete

for word in ${words[2,CURRENT-1]}; do
  word=${key}_${word//-/_}
  (( ${+candidates[$word]} )) || break
  key=$word
done

if [[ ${candidates[$key]} == -* && $PREFIX != -* ]]; then
  _files
else
  compadd -- ${=candidates[$key]}
fi
