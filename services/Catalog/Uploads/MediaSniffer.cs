using System.Text;

namespace DemoVlp.Catalog.Uploads;

/// <summary>Names the container of a file by its first bytes; what a client claims is not asked.</summary>
internal static class MediaSniffer
{
    /// <summary>Bytes that are looked at.</summary>
    public const int Length = 192;

    /// <summary>Anything else: to be downloaded, never shown.</summary>
    public const string Unknown = "application/octet-stream";

    public static string Sniff(ReadOnlySpan<byte> head) => head switch
    {
        _ when head.Length >= 12 && head[4..8].SequenceEqual("ftyp"u8) => Encoding.ASCII.GetString(head[8..12]) switch
        {
            "qt  " => "video/quicktime",
            ['3', 'g', ..] => "video/3gpp",
            _ => "video/mp4",
        },
        [0x1A, 0x45, 0xDF, 0xA3, ..] => head.IndexOf("webm"u8) >= 0 ? "video/webm" : "video/x-matroska",
        _ when head.Length >= 12 && head.StartsWith("RIFF"u8) && head[8..12].SequenceEqual("AVI "u8) => "video/x-msvideo",
        [0x00, 0x00, 0x01, 0xBA or 0xB3, ..] => "video/mpeg",
        _ when head.Length > 188 && head[0] == 0x47 && head[188] == 0x47 => "video/mp2t",
        [0x46, 0x4C, 0x56, 0x01, ..] => "video/x-flv",
        [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, ..] => "video/x-ms-wmv",
        _ when head.StartsWith("OggS"u8) => "video/ogg",
        _ when head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8) => "image/gif",
        _ => Unknown,
    };
}
