namespace DemoVlp.Modeling.Serialization;

/// <summary>The checksum of zip entries (ISO 3309, reflected polynomial 0xEDB88320), which .NET's archive reader leaves unchecked.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(i =>
    {
        var value = (uint)i;
        for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
        return value;
    })];

    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes) crc = (crc >> 8) ^ Table[(byte)(crc ^ b)];
        return ~crc;
    }
}
