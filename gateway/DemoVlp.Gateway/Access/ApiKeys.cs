using System.Security.Cryptography;
using System.Text;
using DemoVlp.Gateway.Startup;

namespace DemoVlp.Gateway.Access;

/// <summary>The keys that are let in, known by their SHA-256 only.</summary>
internal sealed class ApiKeys
{
    private readonly (string Name, byte[] Hash)[] keys;

    private ApiKeys((string, byte[])[] keys) => this.keys = keys;

    public bool Any => keys.Length > 0;

    /// <summary>Reads <c>Gateway:ApiKeyHashes</c>: 64 hexadecimal digits each, optionally as <c>name:hash</c>.</summary>
    public static ApiKeys Read(IConfiguration configuration) =>
        new([.. GatewayOptions.ReadList(configuration, "Gateway:ApiKeyHashes").Select(Parse)]);

    /// <summary>Name of the key's owner; null if nobody has this key.</summary>
    /// <remarks>All hashes are compared, each in constant time, so that the time taken tells nothing.</remarks>
    public string? Find(string key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        string? found = null;
        foreach (var (name, known) in keys)
            if (CryptographicOperations.FixedTimeEquals(hash, known)) found = name;
        return found;
    }

    private static (string, byte[]) Parse(string text, int index)
    {
        var colon = text.LastIndexOf(':');
        var hash = text[(colon + 1)..].Trim();
        if (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit))
            throw new StartupRefusedException($"Not started: entry {index + 1} of Gateway:ApiKeyHashes is no SHA-256 (64 hexadecimal digits, optionally after 'name:').");
        return (colon > 0 ? text[..colon].Trim() : $"key-{index + 1}", Convert.FromHexString(hash));
    }
}
