using System.IO.Compression;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// Reading zip archives from outside. What an archive declares counts for nothing before it is known to be possible, and not a byte more than
/// declared is ever unpacked.
/// </summary>
internal static class ArchiveEntry
{
    /// <summary>The most that deflate can win: 258 bytes of two bits.</summary>
    private const long MaximumRatio = 1032;

    /// <summary>Whether a fault comes from an archive that is not well formed. Disk faults are not told apart from it: both say that the file cannot be read.</summary>
    internal static bool IsDamage(Exception fault) =>
        fault is InvalidDataException or IOException;

    /// <summary>The bytes of an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="archiveBytes">Length of the whole archive.</param>
    /// <param name="limit">Most bytes it may have when unpacked.</param>
    /// <exception cref="InvalidDataException">It cannot be what it declares, or its checksum differs.</exception>
    internal static byte[] Read(ZipArchiveEntry entry, long archiveBytes, long limit)
    {
        CheckSize(entry, archiveBytes, limit);
        var bytes = new byte[entry.Length];
        using (var source = entry.Open())
        {
            source.ReadExactly(bytes);
            if (source.ReadByte() >= 0) throw new InvalidDataException($"'{entry.FullName}' is longer than it says.");
        }
        return Crc32.Of(bytes) == entry.Crc32 ? bytes : throw new InvalidDataException($"'{entry.FullName}' does not have its checksum.");
    }

    /// <summary>
    /// The content of an entry that is stored as it is, as torch.save writes all of them: what is compressed could unpack to any size. Its checksum is
    /// not looked at, since torch can be told to write none.
    /// </summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c>: it is compressed.</exception>
    /// <exception cref="InvalidDataException">It cannot be what it declares.</exception>
    internal static Stream OpenStored(ZipArchiveEntry entry, long archiveBytes)
    {
        if (entry.CompressedLength != entry.Length) throw PickleReader.Malformed("it is compressed, which torch.save never does.");
        CheckSize(entry, archiveBytes, long.MaxValue);
        return entry.Open();
    }

    private static void CheckSize(ZipArchiveEntry entry, long archiveBytes, long limit)
    {
        if (entry.IsEncrypted) throw new InvalidDataException($"'{entry.FullName}' is encrypted.");
        if (entry.CompressedLength > archiveBytes || entry.Length > (entry.CompressedLength + 1) * MaximumRatio || entry.Length > Math.Min(limit, Array.MaxLength))
            throw new InvalidDataException($"'{entry.FullName}' cannot be as long as it says.");
    }
}
