// Parses any bytes as the URI of a cache. An error message must not contain any
// part of a password, and a URI that is written from the parsed parts must
// parse to the same parts.

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

using appcache::Result;
using appcache::Status;
using appcache::internal::kMaxUriBytes;
using appcache::internal::ParseUri;
using appcache::internal::Uri;
using appcache::internal::UriOptions;

// Contains no part of the name of an option, which messages may contain.
constexpr std::string_view kSecret = "HUNTER-TWO";
constexpr size_t kLeak = 4;  // so many bytes of it in a message are a leak

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::abort();
}

void CheckHidesPassword(const Status& status) {
  if (status.ok()) return;
  const std::string text = status.ToString();
  for (size_t at = 0; at + kLeak <= kSecret.size(); ++at) {
    Check(text.find(kSecret.substr(at, kLeak)) == std::string::npos,
          "a message contains no part of a password");
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

// For a URI with levels.
std::string WriteTiered(const Uri& uri) {
  Check(uri.levels.size() == 2, "a tiered URI has two levels");
  std::string text =
      uri.scheme + ":" + Write(uri.levels[0]) + "|" + Write(uri.levels[1]);
  AppendOptions(uri, "|", text);
  return text;
}

// A URI with the same parts. Escapes every byte that may be escaped.
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
    Check(path.empty() || path[0] == '/',
          "a path after hosts starts with a slash");
    text += path.substr(0, 1);
    path = path.substr(path.empty() ? 0 : 1);
  }
  AppendEscaped(path, text);
  AppendOptions(uri, "?", text);
  return text;
}

void CheckOptions(Uri uri) {
  uri.scheme = "redis";  // so that these options are accepted
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
  CheckHidesPassword(options.Done());
}

void CheckUri(const std::string& text) {
  const Result<Uri> uri = ParseUri(text);
  CheckHidesPassword(uri.status());
  if (!uri.ok()) return;
  CheckOptions(*uri);
  const std::string written = Write(*uri);
  if (written.size() > kMaxUriBytes) return;
  const Result<Uri> again = ParseUri(written);
  Check(again.ok() && *again == *uri, "a written URI parses to the same parts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  CheckUri(text);
  // The same with the secret inserted somewhere.
  const size_t at = size == 0 ? 0 : data[size - 1] % (size + 1);
  CheckUri(text.insert(at, kSecret));
  return 0;
}
