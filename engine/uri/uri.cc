#include "engine/uri/uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "engine/uri/ascii.h"
#include "engine/uri/units.h"

namespace appcache::internal {
namespace {

constexpr std::string_view kTiered = "tiered";

bool IsInScheme(char c) {
  return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
}

bool IsInHost(char c) {
  return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_';
}

bool IsInOptionName(char c) {
  return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '_';
}

bool Contains(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

// The value of a hex digit, or -1.
int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Status Malformed(std::string_view reason) {
  return Status(ErrorCode::kInvalidArgument,
                "invalid cache URI: " + std::string(reason));
}

// Replaces each escape sequence by its character.
Status Unescape(std::string_view text, std::string& target) {
  target.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      target.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Malformed(
          "% must be followed by two hex digits; write % itself as %25");
    }
    if (high == 0 && low == 0) return Malformed("%00 is not allowed");
    target.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return Status();
}

// Parses the text from left to right.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Uri> Parse() {
    Status status = ParseScheme();
    if (status.ok() && uri_.scheme == kTiered) return ParseTiered();
    if (status.ok()) status = ParseAuthority();
    if (status.ok()) status = Unescape(TakeUntil("?"), uri_.path);
    if (status.ok() && !rest_.empty()) status = ParseOptions(rest_.substr(1));
    if (!status.ok()) return status;
    return std::move(uri_);
  }

 private:
  // Removes and returns the text before the first of the characters `ends`, or
  // all of it when there is none. Keeps that character.
  std::string_view TakeUntil(std::string_view ends) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  Status ParseScheme() {
    uri_.scheme = SchemeOf(rest_);
    if (uri_.scheme.empty()) {
      return Malformed(
          "it must start with a scheme, as in redis://HOST or sqlite:PATH");
    }
    rest_.remove_prefix(uri_.scheme.size() + 1);
    return Status();
  }

  Result<Uri> ParseTiered() {
    for (int level = 0; level < 2; ++level) {
      const std::string_view text = TakeUntil("|");
      if (SchemeOf(text) == kTiered) {
        return Malformed(
            "the caches of a tiered cache cannot be tiered themselves");
      }
      Result<Uri> parsed = Parser(text).Parse();
      if (!parsed.ok()) return parsed;
      uri_.levels.push_back(*std::move(parsed));
      if (!rest_.empty()) {
        rest_.remove_prefix(1);
      } else if (level == 0) {
        return Malformed("a tiered cache needs two URIs, separated by |");
      }
    }
    if (Contains(rest_, '|')) {
      return Malformed(
          "a tiered cache has two URIs and options; write any other | as %7C");
    }
    Status status = ParseOptions(rest_);
    if (!status.ok()) return status;
    return std::move(uri_);
  }

  Status ParseAuthority() {
    if (!rest_.starts_with("//")) return Status();
    rest_.remove_prefix(2);
    std::string_view hosts = TakeUntil("/?");
    if (const size_t at = hosts.find('@'); at != std::string_view::npos) {
      Status status = ParseLogin(hosts.substr(0, at));
      if (!status.ok()) return status;
      hosts.remove_prefix(at + 1);
      if (Contains(hosts, '@')) {
        return Malformed("write an @ in the user or the password as %40");
      }
    }
    return ParseHosts(hosts);
  }

  Status ParseLogin(std::string_view login) {
    const size_t colon = login.find(':');
    Status status = Unescape(login.substr(0, colon), uri_.user);
    if (!status.ok() || colon == std::string_view::npos) return status;
    return Unescape(login.substr(colon + 1), uri_.password);
  }

  Status ParseHosts(std::string_view hosts) {
    while (!hosts.empty()) {
      const std::string_view host = hosts.substr(0, hosts.find(','));
      Status status = ParseHost(host);
      if (!status.ok()) return status;
      hosts.remove_prefix(host.size());
      if (hosts == ",") return Malformed("a host must follow each comma");
      if (!hosts.empty()) hosts.remove_prefix(1);
    }
    return Status();
  }

  Status ParseHost(std::string_view text) {
    Uri::Host host;
    const bool in_brackets = text.starts_with('[');
    size_t end = 0;
    if (in_brackets) {
      end = text.find(']');
      host.name = text.substr(1, end == std::string_view::npos ? end : end - 1);
      in6_addr address;
      if (end == std::string_view::npos ||
          inet_pton(AF_INET6, host.name.c_str(), &address) != 1) {
        return Malformed("brackets must contain an IPv6 address");
      }
      ++end;
    } else {
      end = std::min(text.find(':'), text.size());
      host.name = text.substr(0, end);
      if (host.name.empty()) return Malformed("a host is missing");
      if (!std::all_of(host.name.begin(), host.name.end(), IsInHost)) {
        return Malformed(
            "a host name must consist of letters, digits and - . _ (write a / "
            "in a password as %2F)");
      }
    }
    Status status = ParsePort(text.substr(end), host);
    if (status.ok()) uri_.hosts.push_back(std::move(host));
    return status;
  }

  static Status ParsePort(std::string_view text, Uri::Host& host) {
    if (text.empty()) return Status();
    const Result<uint64_t> port = ParseNumber(text.substr(1), 1, 65'535);
    if (text[0] != ':' || !port.ok()) {
      return Malformed(
          "a host may only be followed by a colon and a port from 1 to 65535 "
          "(write an IPv6 address in brackets, and in a password / as %2F and "
          "? as %3F)");
    }
    host.port = static_cast<uint16_t>(*port);
    return Status();
  }

  Status ParseOptions(std::string_view text) {
    if (Contains(text, '@')) {
      return Malformed(
          "write an @ in an option as %40 (and in a password / as %2F, ? as "
          "%3F and @ as %40)");
    }
    while (!text.empty()) {
      const std::string_view option = text.substr(0, text.find('&'));
      Status status = ParseOption(option);
      if (!status.ok()) return status;
      text.remove_prefix(std::min(option.size() + 1, text.size()));
    }
    return Status();
  }

  Status ParseOption(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (equals == std::string_view::npos || name.empty() ||
        !std::all_of(name.begin(), name.end(), IsInOptionName)) {
      return Malformed("options must be written name=value, separated by &");
    }
    for (const Uri::Option& earlier : uri_.options) {
      if (earlier.name == name) {
        return Malformed("the option " + earlier.name + " is given twice");
      }
    }
    Uri::Option option{std::string(name), std::string()};
    Status status = Unescape(text.substr(equals + 1), option.value);
    if (status.ok()) uri_.options.push_back(std::move(option));
    return status;
  }

  std::string_view rest_;
  Uri uri_;
};

}  // namespace

std::string SchemeOf(std::string_view text) {
  std::string scheme(text.substr(0, text.find(':')));
  if (scheme.size() == text.size() || scheme.empty() || !IsLetter(scheme[0]) ||
      !std::all_of(scheme.begin(), scheme.end(), IsInScheme)) {
    return std::string();
  }
  for (char& c : scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return scheme;
}

Result<Uri> ParseUri(std::string_view text) {
  if (text.size() > kMaxUriBytes) {
    return Malformed("it is longer than " + std::to_string(kMaxUriBytes) +
                     " bytes");
  }
  if (Contains(text, '\0')) return Malformed("it contains a NUL byte");
  if (Contains(text, '#')) return Malformed("write a # as %23");
  return Parser(text).Parse();
}

}  // namespace appcache::internal
