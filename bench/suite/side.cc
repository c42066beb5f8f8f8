#include "bench/suite/side.h"

#include <algorithm>
#include <utility>

#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

std::vector<SideType>& MutableSides() {
  static auto& sides = *new std::vector<SideType>();
  return sides;
}

[[noreturn]] void FailUnsupported() {
  Fail("a side was called in a form that it does not have");
}

}  // namespace

size_t Session::View(const Item&) { FailUnsupported(); }
size_t Session::Copy(const Item&) { FailUnsupported(); }
size_t Session::GetVia(const Item&) { FailUnsupported(); }
size_t Session::GetViaCopy(const Item&) { FailUnsupported(); }
size_t Session::GetTimed(const Item&) { FailUnsupported(); }
size_t Session::GetManyTimed(std::span<const Item* const>) {
  FailUnsupported();
}

size_t Session::GetMany(std::span<const Item* const> items) {
  size_t size = 0;
  for (const Item* const item : items) size += Get(*item);
  return size;
}

bool Session::SetEvict(const Item& item, std::string_view value,
                       const Item& /*victim*/) {
  return Set(item, value);
}

void Side::Fill(std::span<const Item> items, std::string_view value) {
  Session& session = SessionOf(0);
  for (const Item& item : items) {
    Must(session.Set(item, value), "cannot fill a side");
  }
}

Session& ConnectedSide::SessionOf(int thread) {
  const auto at = static_cast<size_t>(thread);
  const std::lock_guard<std::mutex> guard(mutex_);
  if (sessions_.size() <= at) sessions_.resize(at + 1);
  if (sessions_[at] == nullptr) sessions_[at] = Connect();
  return *sessions_[at];
}

const std::vector<SideType>& Sides() { return MutableSides(); }

const SideType& SideNamed(std::string_view name) {
  const auto found =
      std::find_if(Sides().begin(), Sides().end(),
                   [&](const SideType& type) { return type.name == name; });
  Must(found != Sides().end(), "there is no side " + std::string(name));
  return *found;
}

AddSide::AddSide(SideType type) {
  std::vector<SideType>& sides = MutableSides();
  const auto after = std::upper_bound(
      sides.begin(), sides.end(), type,
      [](const SideType& a, const SideType& b) { return a.name < b.name; });
  sides.insert(after, std::move(type));
}

}  // namespace appcache::bench
