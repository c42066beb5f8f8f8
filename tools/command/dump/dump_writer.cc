#include "tools/command/dump/dump_format.h"
#include "tools/command/dump/dump_layout.h"

namespace appcache::command {

Status DumpWriter::WriteHeader() {
  if (has_header_) return Status();
  has_header_ = true;
  ByteWriter header;
  header.Raw(dump::kMagic);
  header.Number(dump::kVersion);
  return sink_(header.view());
}

Status DumpWriter::Add(const StoredEntry& entry) {
  const EntryInfo& info = entry.info;
  payload_.Number(static_cast<uint32_t>(info.path.size()));
  payload_.Number(static_cast<uint32_t>(entry.value.size()));
  payload_.Number(dump::FromTime(info.last_used));
  payload_.Number(info.expires_at ? dump::FromTime(*info.expires_at)
                                  : dump::kNever);
  payload_.Raw(info.path);
  payload_.Raw(entry.value.view());
  ++block_entries_;
  ++entries_;
  return payload_.size() < dump::kBlockBytes ? Status() : WriteBlock();
}

Status DumpWriter::WriteBlock() {
  Status written = WriteHeader();
  if (!written.ok()) return written;
  written = sink_(dump::Frame(dump::kData, block_entries_, payload_.size(),
                              dump::Crc32(payload_.view())));
  if (written.ok()) written = sink_(payload_.view());
  payload_.Clear();
  block_entries_ = 0;
  ++blocks_;
  return written;
}

Status DumpWriter::Finish() {
  Status written = block_entries_ > 0 ? WriteBlock() : WriteHeader();
  if (!written.ok()) return written;
  return sink_(
      dump::Frame(dump::kDone, 0, entries_, static_cast<uint32_t>(blocks_)));
}

}  // namespace appcache::command
