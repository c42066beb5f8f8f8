// URIs of caches: whatever the bytes, no crash; a message shows nothing of what
// may be a password; and a URI written from what was found says the same.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/uri/uri.h"
#include "engine/uri/uri_options.h"

namespace {

using appcache::ParseUri;
using appcache::Result;
using appcache::Status;
using appcache::Uri;
using appcache::UriOptions;

// No part of it could be the name of an option: those are shown.
constexpr std::string_view kSecret = "HUNTER-TWO";
constexpr size_t kShown = 4;  // so many bytes of it are too many

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

void CheckShowsNothing(const Status& status) {
  if (status.ok()) return;
  const std::string text = status.ToString();
  for (size_t at = 0; at + kShown <= kSecret.size(); ++at) {
    Check(text.find(kSecret.substr(at, kShown)) == std::string::npos,
          "a message shows nothing of a password");
  }
}

void AppendEscaped(std::string_view bytes, std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back('%');
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
}

void AppendHost(const Uri::Host& host, std::string& text) {
  const bool in_brackets = host.name.find(':') != std::string::npos;
  text += in_brackets ? "[" + host.name + "]" : host.name;
  if (host.port) text += ":" + std::to_string(*host.port);
}

void AppendOptions(const Uri& uri, std::string_view mark, std::string& text) {
  for (const Uri::Option& option : uri.options) {
    text += mark;
    text += option.name + "=";
    AppendEscaped(option.value, text);
    mark = "&";
  }
}

std::string Write(const Uri& uri);

// Of one that has levels.
std::string WriteTiered(const Uri& uri) {
  Check(uri.levels.size() == 2, "there are two levels");
  std::string text =
      uri.scheme + ":" + Write(uri.levels[0]) + "|" + Write(uri.levels[1]);
  AppendOptions(uri, "|", text);
  return text;
}

// A URI that says the same, with every escape there can be.
std::string Write(const Uri& uri) {
  if (!uri.levels.empty()) return WriteTiered(uri);
  std::string text = uri.scheme + ":";
  std::string_view path = uri.path;
  const bool has_login = !uri.user.empty() || !uri.password.empty();
  if (has_login || !uri.hosts.empty()) {
    text += "//";
    AppendEscaped(uri.user, text);
    text += has_login ? ":" : "";
    AppendEscaped(uri.password, text);
    text += has_login ? "@" : "";
    for (size_t i = 0; i < uri.hosts.size(); ++i) {
      text += i > 0 ? "," : "";
      AppendHost(uri.hosts[i], text);
    }
    Check(path.empty() || path[0] == '/', "a path behind hosts has a slash");
    text += path.substr(0, 1);
    path = path.substr(path.empty() ? 0 : 1);
  }
  AppendEscaped(path, text);
  AppendOptions(uri, "?", text);
  return text;
}

void CheckOptions(Uri uri) {
  uri.scheme = "redis";  // an unknown one has no options that are asked for
  UriOptions options(uri);
  std::string prefix;
  std::chrono::milliseconds timeout{0};
  uint64_t max_bytes = 0;
  uint32_t database = 0;
  std::vector<uint32_t> weights;
  options.Text("prefix", prefix);
  options.Duration("timeout", timeout);
  options.Size("max_bytes", max_bytes);
  options.Number("db", 0, database);
  options.Counts("weights", weights);
  CheckShowsNothing(options.Done());
}

void CheckUri(const std::string& text) {
  const Result<Uri> uri = ParseUri(text);
  CheckShowsNothing(uri.status());
  if (!uri.ok()) return;
  CheckOptions(*uri);
  const std::string written = Write(*uri);
  if (written.size() > appcache::kMaxUriBytes) return;
  const Result<Uri> again = ParseUri(written);
  Check(again.ok() && *again == *uri, "what was written says the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  CheckUri(text);
  // With the secret somewhere in it.
  const size_t at = size == 0 ? 0 : data[size - 1] % (size + 1);
  CheckUri(text.insert(at, kSecret));
  return 0;
}
