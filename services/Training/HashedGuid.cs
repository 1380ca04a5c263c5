using System.Security.Cryptography;
using System.Text;

namespace DemoVlp.Training;

/// <summary>Ids that are made from what they stand for, so that whoever makes one makes the same.</summary>
internal static class HashedGuid
{
    /// <summary>The id of a text (UUID version 8).</summary>
    public static Guid Of(string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text))[..16];
        (hash[6], hash[8]) = ((byte)(0x80 | hash[6] & 0x0F), (byte)(0x80 | hash[8] & 0x3F)); // version 8: made from a hash
        return new Guid(hash, bigEndian: true);
    }
}
