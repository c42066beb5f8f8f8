// Suggests the word that a mistyped one was meant to be.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_SUGGEST_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace appcache::command {

// Returns the candidate that is nearest to `word`, or an empty string when none
// is near. A candidate is near if at most a third of its characters, and at
// least one, have to be inserted, removed, replaced, or exchanged with their
// neighbour. Otherwise it is near if it is the only one that starts with
// `word`, which has two characters or more. Upper and lower case are alike, and
// so are any number of leading dashes.
//
// Of candidates that are equally near, returns the first. Takes time in
// proportion to the lengths of the word and of all candidates; a word of more
// than 64 characters is near to none.
std::string Suggest(std::string_view word,
                    const std::vector<std::string>& candidates);

// "; did you mean CANDIDATE?", or an empty string when none is near: the end of
// an error message.
std::string DidYouMean(std::string_view word,
                       const std::vector<std::string>& candidates);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_SUGGEST_H_
