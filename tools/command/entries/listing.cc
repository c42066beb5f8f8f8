#include "tools/command/entries/listing.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/entries/selection.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

constexpr size_t kPrintSize = size_t{64} << 10;

// The text of the entries, as it is printed.
class KeyList {
 public:
  explicit KeyList(const KeysOptions& options)
      : options_(options),
        escapes_(!options.null && isatty(STDOUT_FILENO) != 0),
        text_(options.json ? "[" : "") {}

  // A WalkVisitor.
  bool Add(const WalkedEntry& entry) {
    if (options_.json) {
      text_ += (count_ > 0 ? ",\n" : "") + JsonText(EntryJson(ToListed(entry)));
    } else {
      text_ += escapes_ ? Escape(entry.path) : entry.path;
      text_ += options_.null ? '\0' : '\n';
    }
    ++count_;
    if (text_.size() >= kPrintSize) Flush();
    return printed_ == kDone && (!options_.limit || count_ < *options_.limit);
  }

  int Finish() {
    if (options_.json) text_ += "]\n";
    Flush();
    return printed_;
  }

 private:
  void Flush() {
    if (printed_ == kDone) printed_ = Print(text_);
    text_.clear();
  }

  const KeysOptions& options_;
  const bool escapes_;
  std::string text_;
  uint64_t count_ = 0;
  int printed_ = kDone;
};

}  // namespace

int Keys(const KeysOptions& options) {
  const auto cache = OpenCacheToRead(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const Status listed = CheckCanList(options.cache, **cache);
  if (!listed.ok()) return Fail(listed);
  const Result<Selection> selection =
      Selection::Matching(options.keys, **cache, options.pattern);
  if (!selection.ok()) return Fail(selection.status());
  KeyList list(options);
  const Status walked = selection->Walk(
      *(*cache)->backend(), /*with_values=*/false,
      [&](const WalkedEntry& entry) { return list.Add(entry); });
  const int printed = list.Finish();
  return walked.ok() ? printed : Fail(walked);
}

}  // namespace appcache::command
