namespace DemoVlp.Contracts;

/// <summary>A file in the artifact store. Messages carry references, never contents.</summary>
/// <param name="Key">Relative path with <c>/</c>, for example <c>videos/{id}/frames/0.jpg</c>.</param>
/// <param name="Sha256">SHA-256 of the content, lower-case hexadecimal.</param>
/// <param name="Bytes">Length of the content.</param>
/// <param name="MediaType">For example <c>image/jpeg</c>.</param>
public sealed record ArtifactRef(string Key, string Sha256, long Bytes, string MediaType);
